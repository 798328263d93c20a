declare module 'node-rtsp-stream/mpeg1muxer.js' {
  import type { ChildProcess } from 'node:child_process';
  import type { EventEmitter } from 'node:events';

  interface Mpeg1MuxerOptions {
    /** What stands after `-i`. */
    url: string;
    ffmpegPath: string;
    /** Options of the output; an empty value is a flag. */
    ffmpegOptions?: Readonly<Record<string, string | number>>;
  }

  /** Starts ffmpeg at once. Emits `mpeg1data` and `ffmpegStderr`, each with a Buffer. */
  class Mpeg1Muxer extends EventEmitter {
    constructor(options: Mpeg1MuxerOptions);
    readonly stream: ChildProcess;
  }

  export default Mpeg1Muxer;
}
