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
  /** Lines in which ffmpeg reported damaged or missing picture data. */
  readonly decodeErrors: number;
  /** Pixels read from ffmpeg, bytes. */
  readonly bytes: number;
  /** Of the newest frame, after scaling; null before the first. */
  readonly width: number | null;
  readonly height: number | null;
  /** ffmpeg's name of the stream's codec, e.g. `h264`; null before it is known. */
  readonly codec: string | null;
}
