import { once } from 'node:events';
import { WebSocket } from 'ws';
import { liveParts } from '../../test/support/live-client.ts';

/** One live client without pictures: how many faces of a frame were embedded. */
export class FrameWatch implements AsyncDisposable {
  frames = 0;
  embedded = 0;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const { faces } = liveParts(data.toString()).json as { faces: { quality: number | null }[] };
      this.frames += 1;
      this.embedded += faces.filter(({ quality }) => quality !== null).length;
    });
  }

  static async open(socketAddress: string): Promise<FrameWatch> {
    const socket = new WebSocket(`${socketAddress}?video=0`);
    const watch = new FrameWatch(socket);
    await once(socket, 'open');
    return watch;
  }

  /** Of all frames since it was opened. */
  get facesPerFrame(): number {
    return this.frames === 0 ? 0 : this.embedded / this.frames;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
  }
}
