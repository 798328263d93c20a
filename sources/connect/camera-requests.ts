import type { Credentials } from '../source-address.ts';
import { readdressed } from './authorization.ts';
import { endOf, isPacket } from './rtsp-framing.ts';

export interface CameraRequestsOptions {
  /** Scheme, host and port that ffmpeg believes to talk to: `rtsp://127.0.0.1:40000`. */
  near: string;
  /** Those of the camera, as it was asked before: `rtsp://camera:8554`. */
  far: string;
  credentials: Credentials | null;
}

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
      const end = endOf(rest, 0);
      if (end === null) this.#isOver = true;
      if (end === null || end > rest.length) break;
      const one = rest.subarray(0, end);
      out.push(isPacket(one, 0) ? one : Buffer.from(this.#readdressed(one.toString('latin1')), 'latin1'));
      rest = rest.subarray(end);
    }
    if (rest.length > MOST_HELD_BYTES) this.#isOver = true;
    if (this.#isOver) out.push(rest);
    this.#held = this.#isOver ? Buffer.alloc(0) : rest;
    return out;
  }

  /** @param text one question. ffmpeg's have no body. */
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
