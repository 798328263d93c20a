import type { HardwareKind } from './ffmpeg/ffmpeg-arguments.ts';

/** What decodes a stream, and what was asked for. */
export interface DecoderInUse {
  /** The setting `hwaccel`. */
  readonly requested: 'auto' | 'none' | HardwareKind;
  /** What the pictures of the latest connection really came out of; null before the first one. */
  readonly used: 'software' | HardwareKind | null;
  /** Why it is not what was asked for; null where it is. */
  readonly reason: string | null;
}

/** What one source has done since it was made, across its connections. */
export interface SourceStats {
  /** Attempts to open the camera, file or device. */
  readonly connections: number;
  /** Frames that ffmpeg handed over, also those dropped afterwards. */
  readonly framesReceived: number;
  /** Frames that were not handed on, by reason. */
  readonly dropped: {
    /** Every buffer was still in use; a file waits instead. */
    readonly pool: number;
  };
  /** Pictures that left the decoder, before they were thinned out; 0 where this ffmpeg does not say (before 4.4). */
  readonly framesDecoded: number;
  /** Lines in which ffmpeg reported damaged or missing picture data. */
  readonly decodeErrors: number;
  /** Pixels read from ffmpeg, bytes. */
  readonly bytes: number;
  /** Compressed video from the camera, bytes; null where it is not seen by this program (webcams, and files that are not played at their own speed). */
  readonly compressedBytes: number | null;
  readonly decoder: DecoderInUse;
  /** Of the newest frame, after scaling; null before the first. */
  readonly width: number | null;
  readonly height: number | null;
  /** ffmpeg's name of the stream's codec, e.g. `h264`; null before it is known. */
  readonly codec: string | null;
}
