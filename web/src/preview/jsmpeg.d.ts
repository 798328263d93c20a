/** The parts that jsmpeg-parts.ts takes of the package, as far as they are used. */
declare module '@cycjimmy/jsmpeg-player' {
  export interface Renderer {
    resize(width: number, height: number): void;
    destroy(): void;
  }

  /** Takes an MPEG transport stream apart. */
  export class TS {
    /** @param streamId 0xe0 is the first video. */
    connect(streamId: number, destination: { write(pts: number, buffers: Uint8Array[]): void }): void;
    write(packets: Uint8Array): void;
  }

  /** In JavaScript. */
  export class MPEG1 {
    constructor(options: { streaming: boolean; decodeFirstFrame: boolean; videoBufferSize?: number });
    connect(destination: Renderer): void;
    write(pts: number, buffers: Uint8Array[]): void;
    /** The next picture, given to the renderer; false where there is none. */
    decode(): boolean;
  }

  export class WebGLRenderer implements Renderer {
    constructor(options: { canvas: HTMLCanvasElement });
    static IsSupported(): boolean;
    resize(width: number, height: number): void;
    destroy(): void;
  }

  export class CanvasRenderer implements Renderer {
    constructor(options: { canvas: HTMLCanvasElement });
    resize(width: number, height: number): void;
    destroy(): void;
  }
}
