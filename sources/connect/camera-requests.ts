import type { Credentials } from '../source-address.ts';
import { readdressed } from './authorization.ts';

export interface CameraRequestsOptions {
  /** Scheme, host and port that ffmpeg believes to talk to: `rtsp://127.0.0.1:40000`. */
  near: string;
  /** Those of the camera, as it was asked before: `rtsp://camera:8554`. */
  far: string;
  credentials: Credentials | null;
}

const DOLLAR = 0x24;
const MOST_HELD_BYTES = 64 * 1024 + 4;

/**
 * ffmpeg's questions to a camera, as if ffmpeg had called it itself: with the camera's own address where ffmpeg only knows that of this
 * program. There are cameras that know their stream by no other, and a Digest proof is of the address too. It is only made anew where
 * ffmpeg's own is right, so that nobody else of this machine is let in who does not know the password.
 */
export class CameraRequests {
  readonly #options: CameraRequestsOptions;
  #held: Buffer = Buffer.alloc(0);
  #isOver = false;

  constructor(options: CameraRequestsOptions) {
    this.#options = options;
  }

  /**
   * @param chunk what came from ffmpeg, cut anywhere.
   * @returns what the camera is to read; what is not whole waits here. What is neither question nor packet is passed on as it is, with
   *   all that follows.
   */
  read(chunk: Buffer): Buffer[] {
    if (this.#isOver) return [chunk];
    let rest = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const out: Buffer[] = [];
    while (rest.length > 0) {
      const end = endOf(rest);
      if (end === null || end > rest.length) break;
      const one = rest.subarray(0, end);
      out.push(one[0] === DOLLAR ? one : Buffer.from(this.#readdressed(one.toString('latin1')), 'latin1'));
      rest = rest.subarray(end);
    }
    this.#isOver = rest.length > MOST_HELD_BYTES || (rest.length > 0 && !isBegun(rest));
    if (this.#isOver) out.push(rest);
    this.#held = this.#isOver ? Buffer.alloc(0) : rest;
    return out;
  }

  /** @param text one question, to the empty line. */
  #readdressed(text: string): string {
    const { near, far, credentials } = this.#options;
    const [, method, from] = /^([A-Z_]+) (\S+) RTSP\//.exec(text) ?? [];
    if (method === undefined || from === undefined || !isOf(near, from)) return text;
    const to = far + from.slice(near.length);
    const [, proof] = /^authorization:[ \t]*(digest .*?)\r?$/im.exec(text) ?? [];
    const told = text.replace(from, () => to);
    if (proof === undefined) return told;
    const own = credentials && readdressed(proof, { method, from, to }, credentials);
    return own ? told.replace(proof, () => own) : text;
  }
}

/** Not that of a port that only begins with the same digits. */
function isOf(origin: string, uri: string): boolean {
  return uri.startsWith(origin) && /^(?:$|[/?#])/.test(uri.slice(origin.length));
}

/** Null where that cannot be told yet. ffmpeg's questions have no body. */
function endOf(bytes: Buffer): number | null {
  if (bytes[0] === DOLLAR) return bytes.length < 4 ? null : 4 + bytes.readUInt16BE(2);
  const end = bytes.indexOf('\r\n\r\n');
  return end < 0 || !isBegun(bytes) ? null : end + 4;
}

function isBegun(bytes: Buffer): boolean {
  return bytes[0] === DOLLAR || /[A-Z]/.test(String.fromCharCode(bytes[0]!));
}
