import type { Readable } from 'node:stream';
import type { SourceAddress } from '../source-address.ts';

/** What ffmpeg opens. Never `rtsps:`, whose certificate its RTSP does not verify: this program ends that TLS. */
export type FfmpegInput = Exclude<SourceAddress, { kind: 'rtsps' }>;

/** One attempt at a source: what was asked for, and what ffmpeg is given to open. */
export interface Opening {
  /** As configured: messages name the source by it. */
  readonly address: SourceAddress;
  /** What ffmpeg opens. Another one than `address` where the camera redirected, or goes through this program: the near end of that tunnel. */
  readonly input: FfmpegInput;
  /** `mjpeg`: the answer's body, which ffmpeg reads from its standard input; null for what it opens itself. */
  readonly feed: Readable | null;
}

/** For what ffmpeg opens by itself and nobody has to look at first. */
export function plainOpening(address: FfmpegInput): Opening {
  return { address, input: address, feed: null };
}
