import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import { isIP } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { SourceError } from '../../config/app-error.ts';
import { authorization } from '../connect/authorization.ts';
import { connectionError, handshakeError, type Progress, timedOut } from '../connect/camera-answer.ts';
import { hostOf, trustOptions } from '../connect/connect-camera.ts';
import { followRedirect } from '../connect/follow-redirect.ts';
import { cameraName, credentialsOf, portOf, type SourceAddress, withoutCredentials } from '../source-address.ts';

export type MjpegAddress = Extract<SourceAddress, { kind: 'mjpeg' }>;

const MOST_REDIRECTS = 3;

/**
 * The pictures of an HTTP camera (`multipart/x-mixed-replace`), fetched here and not by ffmpeg: the URL and its password stay in this
 * program, certificates are verified, and no redirect leads to another host.
 */
export class MjpegFeed implements AsyncDisposable {
  /** The multipart body as it comes; ends when the camera ends it, falls silent or breaks off, and after `close`. */
  readonly body: Readable;
  /** Why it ended, where the camera did not end it; null before that. */
  failure: SourceError | null = null;
  readonly #response: IncomingMessage;
  #closing: Promise<void> | null = null;

  private constructor(address: MjpegAddress, response: IncomingMessage, timeoutMs: number) {
    this.#response = response;
    const body = new PassThrough();
    this.body = body;
    response.socket.setTimeout(timeoutMs, () => {
      // A reader that takes nothing is no silent camera.
      if (response.isPaused() || body.writableNeedDrain) return;
      this.failure ??= new SourceError('STREAM_TIMEOUT', `${cameraName(address)} stopped sending`);
      response.destroy();
    });
    response.on('error', (error) => {
      if (!this.#closing) this.failure ??= connectionError(address, error);
    });
    response.once('close', () => body.end());
    body.on('error', () => {});
    response.pipe(body, { end: false });
  }

  /** @throws {SourceError} what is wrong with the camera, within `timeoutMs`. */
  static async open(address: MjpegAddress, timeoutMs: number, signal?: AbortSignal): Promise<MjpegFeed> {
    const late = AbortSignal.timeout(timeoutMs);
    const over = signal ? AbortSignal.any([late, signal]) : late;
    const credentials = credentialsOf(address.url);
    let url = withoutCredentials(address.url);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      let response = await fetchHead(address, url, null, over);
      if (response.statusCode === 401 && credentials) {
        const { pathname, search } = new URL(url);
        const challenges = response.headersDistinct['www-authenticate'] ?? [];
        response.destroy();
        const header = authorization(challenges, { method: 'GET', uri: pathname + search }, credentials);
        if (header === null) {
          throw new SourceError(
            'STREAM_AUTH_FAILED',
            `${cameraName(address)} asks for a login that is neither Basic nor Digest`,
          );
        }
        response = await fetchHead(address, url, header, over);
      }
      const status = response.statusCode ?? 0;
      if (status < 300 || status > 399) {
        const refusal = refused(address, response, credentials !== null);
        if (!refusal) return new MjpegFeed(address, response, timeoutMs);
        response.destroy();
        throw refusal;
      }
      const { location } = response.headers;
      response.destroy();
      url = followRedirect(address, url, location);
    }
    throw new SourceError(
      'STREAM_CONNECTION_FAILED',
      `${cameraName(address)} redirects more than ${MOST_REDIRECTS} times`,
    );
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= new Promise((closed) => {
      if (this.#response.closed) return closed();
      this.#response.once('close', closed);
      this.#response.destroy();
    });
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The answer's head; its body has not been read. */
async function fetchHead(
  address: MjpegAddress,
  url: string,
  authorizationHeader: string | null,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const secure = url.toLowerCase().startsWith('https:');
  const host = hostOf(url);
  const { pathname, search } = new URL(url);
  const options = {
    host,
    port: portOf(url),
    path: pathname + search,
    agent: false,
    headers: {
      accept: 'multipart/x-mixed-replace, image/jpeg;q=0.5',
      'user-agent': 'facegate',
      ...(authorizationHeader === null ? {} : { authorization: authorizationHeader }),
    },
  } as const;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  let progress: Progress = 'connecting';
  const request: ClientRequest = secure
    ? getSecure({ ...options, ...trustOptions(address), ...(isIP(host) ? {} : { servername: host }) })
    : get(options);
  request.on('socket', (socket) => {
    socket.once('connect', () => {
      progress = secure ? 'handshake' : 'connected';
    });
    socket.once('secureConnect', () => {
      progress = 'connected';
    });
  });
  request.on('response', resolve);
  request.on('error', (error: NodeJS.ErrnoException) => {
    // What Node's HTTP parser stumbles over is no HTTP.
    if (error.code?.startsWith('HPE_')) {
      reject(
        new SourceError(
          'STREAM_CONNECTION_FAILED',
          `${cameraName(address)} answers, but not in HTTP; is it the right port?`,
        ),
      );
    } else reject(progress === 'handshake' ? handshakeError(address, error) : connectionError(address, error));
  });
  const onAbort = () => {
    reject(timedOut(address, progress));
    request.destroy();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function refused(
  address: MjpegAddress,
  { statusCode, headers }: IncomingMessage,
  hadCredentials: boolean,
): SourceError | null {
  const at = cameraName(address);
  switch (statusCode) {
    case 200: {
      const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase().slice(0, 60);
      if (type === 'multipart/x-mixed-replace' || type === 'multipart/mixed') return null;
      const what =
        type === 'text/html'
          ? 'a web page'
          : type === 'image/jpeg'
            ? 'a single picture'
            : type === ''
              ? 'something without a type'
              : type.replace(/[^\x20-\x7e]/g, '?');
      return new SourceError(
        'STREAM_NO_VIDEO',
        `${at} answers with ${what}, not with MJPEG (multipart/x-mixed-replace)`,
      );
    }
    case 401:
      return new SourceError(
        'STREAM_AUTH_FAILED',
        hadCredentials ? `${at} refused the user name or password` : `${at} asks for a user name and password`,
      );
    case 403:
      return new SourceError('STREAM_AUTH_FAILED', `${at} does not let this user see the stream (403)`);
    case 404:
    case 410:
      return new SourceError('STREAM_NOT_FOUND', `${at} knows no stream under that path`);
    default:
      return new SourceError('STREAM_CONNECTION_FAILED', `${at} refused to play (${statusCode})`);
  }
}
