import type { Socket } from 'node:net';
import { SourceError } from '../../config/app-error.ts';
import {
  type Credentials,
  cameraName,
  credentialsOf,
  type SourceAddress,
  withCredentials,
  withoutCredentials,
} from '../source-address.ts';
import { authorization } from './authorization.ts';
import { connectionError, timedOut } from './camera-answer.ts';
import { connectCamera } from './connect-camera.ts';
import { followRedirect } from './follow-redirect.ts';
import { type VideoDescription, videoDescription } from './video-description.ts';

export type RtspAddress = Extract<SourceAddress, { kind: 'rtsp' | 'rtsps' }>;

const MOST_REDIRECTS = 3;
const MOST_HEADER_BYTES = 32 * 1024;
const MOST_BODY_BYTES = 256 * 1024;

/** A camera that does not understand the question may still understand ffmpeg's. */
const NOT_UNDERSTOOD: ReadonlySet<number> = new Set([400, 405, 451, 455, 501, 505, 551]);

/**
 * Asks a camera to describe its stream before ffmpeg is let loose on it: ffmpeg follows a redirect to any host and has one word for
 * many failures. A refused password is tried once here, and ffmpeg then not at all.
 *
 * @returns the URL to open, with its credentials: the one given, or where the camera redirected to on the same host; and what it says of
 *   its video, null where that does not help.
 * @throws {SourceError} what is wrong with it, within `timeoutMs`.
 */
export async function askRtspCamera(
  address: RtspAddress,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<{ url: string; video: VideoDescription | null }> {
  const late = AbortSignal.timeout(timeoutMs);
  const over = signal ? AbortSignal.any([late, signal]) : late;
  const credentials = credentialsOf(address.url);
  let url = withoutCredentials(address.url);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const socket = await connectCamera(address, url, over);
    try {
      const answer = await describe(address, url, credentials, socket, over);
      if (answer.status < 300 || answer.status > 399) {
        refuse(address, answer, credentials !== null);
        const video = answer.status === 200 ? videoDescription(answer.body) : null;
        return { url: credentials ? withCredentials(url, credentials) : url, video };
      }
      url = followRedirect(address, url, answer.headers.get('location')?.[0]);
    } finally {
      socket.destroy();
    }
  }
  throw new SourceError(
    'STREAM_CONNECTION_FAILED',
    `${cameraName(address)} redirects more than ${MOST_REDIRECTS} times`,
  );
}

interface Answer {
  status: number;
  reason: string;
  /** By lower-case name. */
  headers: ReadonlyMap<string, string[]>;
  body: string;
}

async function describe(
  address: RtspAddress,
  url: string,
  credentials: Credentials | null,
  socket: Socket,
  signal: AbortSignal,
): Promise<Answer> {
  const answers = new AnswerReader(address, socket, signal);
  const ask = async (cseq: number, extra: readonly string[]) => {
    const lines = [
      `DESCRIBE ${url} RTSP/1.0`,
      `CSeq: ${cseq}`,
      'Accept: application/sdp',
      'User-Agent: facegate',
      ...extra,
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    return answers.next();
  };
  const first = await ask(1, []);
  if (first.status !== 401 || !credentials) return first;
  const header = authorization(
    first.headers.get('www-authenticate') ?? [],
    { method: 'DESCRIBE', uri: url },
    credentials,
  );
  // Some scheme that only ffmpeg may know.
  if (header === null) return { ...first, status: 400 };
  return ask(2, [`Authorization: ${header}`]);
}

function refuse(address: RtspAddress, { status, reason, body }: Answer, hadCredentials: boolean): void {
  const at = cameraName(address);
  if (status === 200) {
    if (body !== '' && !/^m=video/m.test(body)) throw new SourceError('STREAM_NO_VIDEO', `${at} carries no video`);
    return;
  }
  if (status < 300 || NOT_UNDERSTOOD.has(status)) return;
  switch (status) {
    case 401:
      throw new SourceError(
        'STREAM_AUTH_FAILED',
        hadCredentials ? `${at} refused the user name or password` : `${at} asks for a user name and password`,
      );
    case 403:
      throw new SourceError('STREAM_AUTH_FAILED', `${at} does not let this user see the stream (403)`);
    case 404:
    case 454:
      throw new SourceError('STREAM_NOT_FOUND', `${at} knows no stream under that path`);
    default:
      throw new SourceError('STREAM_CONNECTION_FAILED', `${at} refused to play (${status} ${reason})`);
  }
}

/** Reads answers off a socket, one at a time, and bounds what a camera may send. */
class AnswerReader {
  readonly #address: RtspAddress;
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  #received = Buffer.alloc(0);

  constructor(address: RtspAddress, socket: Socket, signal: AbortSignal) {
    this.#address = address;
    this.#socket = socket;
    this.#signal = signal;
  }

  async next(): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const look = () => {
      try {
        const answer = this.#take();
        if (answer) resolve(answer);
      } catch (error) {
        reject(error);
      }
    };
    const onData = (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      look();
    };
    const onError = (error: Error) => reject(connectionError(this.#address, error));
    const onClose = () => reject(this.#strange());
    const onAbort = () => reject(timedOut(this.#address, 'connected'));
    this.#socket.on('data', onData).once('error', onError).once('close', onClose).once('end', onClose);
    this.#signal.addEventListener('abort', onAbort, { once: true });
    if (this.#signal.aborted) onAbort();
    look();
    try {
      return await promise;
    } finally {
      this.#socket.off('data', onData).off('error', onError).off('close', onClose).off('end', onClose);
      // Between two answers, and while it is being destroyed, nobody else listens.
      this.#socket.on('error', () => {});
      this.#signal.removeEventListener('abort', onAbort);
    }
  }

  #take(): Answer | null {
    const text = this.#received;
    if (text.length >= 5 && text.subarray(0, 5).toString('latin1') !== 'RTSP/') throw this.#strange();
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) {
      if (text.length > MOST_HEADER_BYTES) throw this.#strange();
      return null;
    }
    const [status, ...lines] = text.subarray(0, end).toString('latin1').split('\r\n');
    const match = /^RTSP\/\d\.\d (\d{3}) ?(.*)$/.exec(status!);
    if (!match) throw this.#strange();
    const headers = new Map<string, string[]>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (colon <= 0) continue;
      const name = line.slice(0, colon).trim().toLowerCase();
      headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
    }
    const length = Number(headers.get('content-length')?.[0] ?? 0);
    if (!(length >= 0 && length <= MOST_BODY_BYTES)) throw this.#strange();
    const start = end + 4;
    if (text.length < start + length) return null;
    this.#received = text.subarray(start + length);
    const reason = match[2]!.replace(/[^\x20-\x7e]/g, '?').slice(0, 60);
    return { status: Number(match[1]), reason, headers, body: text.subarray(start, start + length).toString('utf8') };
  }

  /** Whatever speaks there, it does not speak RTSP. */
  #strange(): SourceError {
    const at = cameraName(this.#address);
    const start = this.#received.subarray(0, 64);
    if (start.subarray(0, 5).toString('latin1') === 'HTTP/' || /^\s*</.test(start.toString('latin1'))) {
      return new SourceError(
        'STREAM_CONNECTION_FAILED',
        `${at} answers as a web server, not in RTSP; is it the right port?`,
      );
    }
    // A TLS alert.
    if (start[0] === 0x15 && start[1] === 0x03) {
      return new SourceError('STREAM_TLS_FAILED', `${at} expects TLS; is it rtsps:// rather than rtsp://?`);
    }
    return start.length === 0
      ? new SourceError(
          'STREAM_CONNECTION_FAILED',
          `${at} closed the connection without an answer; is it the right port?`,
        )
      : new SourceError('STREAM_CONNECTION_FAILED', `${at} answers, but not in RTSP; is it the right port?`);
  }
}
