import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { SourceError } from '../../config/app-error.ts';
import { credentialsOf, withCredentials, withoutCredentials } from '../source-address.ts';
import type { RtspAddress } from './ask-rtsp-camera.ts';
import { connectionError } from './camera-answer.ts';
import { CameraRequests } from './camera-requests.ts';
import { connectCamera } from './connect-camera.ts';
import { PictureEnds } from './picture-ends.ts';
import type { VideoDescription } from './video-description.ts';

/**
 * A camera's RTSP that goes through this program, for one of two reasons or both. The TLS of `rtsps:` ends here: the RTSP of ffmpeg 5.1
 * takes no certificate option, so it would talk to whoever answers. And ffmpeg is told when a picture is whole (`PictureEnds`). It connects
 * to the near end in clear, on the loopback address, once; the camera is asked by its own address (`CameraRequests`).
 *
 * Whoever of this machine connects before ffmpeg does gets a connection to the camera and no credentials (ffmpeg sends those),
 * and the attempt fails.
 */
export class RtspTunnel implements AsyncDisposable {
  /** What ffmpeg opens, with the camera's credentials: a secret. */
  readonly url: string;
  /** Why the far end broke off; null while it has not. */
  failure: SourceError | null = null;
  readonly #server: Server;
  readonly #far: Socket;
  #near: Socket | null = null;
  #closing: Promise<void> | null = null;

  private constructor(server: Server, far: Socket, url: string) {
    this.#server = server;
    this.#far = far;
    this.url = url;
  }

  /**
   * @param url where the camera is, with credentials.
   * @param video whose ends of pictures are said; null: what comes is passed on as it is.
   * @throws {SourceError} as `connectCamera` does.
   */
  static async open(
    address: RtspAddress,
    { url, video }: { url: string; video: VideoDescription | null },
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<RtspTunnel> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const far = await connectCamera(address, url, within);
    const server = createServer({ pauseOnConnect: true });
    server.maxConnections = 1;
    try {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    } catch (cause) {
      far.destroy();
      throw new SourceError('STREAM_CONNECTION_FAILED', 'no port of 127.0.0.1 could be listened on for ffmpeg', {
        cause,
      });
    }
    const { port } = server.address() as AddressInfo;
    const credentials = credentialsOf(url);
    const asked = withoutCredentials(url);
    const [origin] = /^rtsps?:\/\/[^/?#]*/i.exec(asked)!;
    const near = `rtsp://127.0.0.1:${port}`;
    const path = asked.slice(origin.length);
    const tunnel = new RtspTunnel(server, far, (credentials ? withCredentials(near, credentials) : near) + path);
    tunnel.#serve(address, video, new CameraRequests({ near, far: origin, credentials }));
    return tunnel;
  }

  #serve(address: RtspAddress, video: VideoDescription | null, requests: CameraRequests): void {
    this.#far.on('error', (error) => {
      this.failure ??= connectionError(address, error);
    });
    // Before ffmpeg has come there is nothing to say to a camera.
    this.#far.once('close', () => {
      this.#server.close();
      this.#near?.end();
    });
    this.#server.once('connection', (near) => {
      this.#server.close();
      this.#near = near;
      near.on('error', () => {});
      near.once('close', () => this.#far.end());
      passOn(near, this.#far, (chunk) => requests.read(chunk));
      const ends = video && new PictureEnds(video);
      if (ends) passOn(this.#far, near, (chunk) => ends.read(chunk));
      else this.#far.pipe(near, { end: false });
      if (this.#far.destroyed) near.end();
    });
    this.#server.on('error', () => {});
  }

  /** Idempotent; call it when ffmpeg has gone, or its goodbye does not reach the camera. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const listening = this.#server.listening ? once(this.#server, 'close') : null;
    this.#server.close();
    this.#near?.destroy();
    // What ffmpeg said last is still on its way.
    this.#far.end();
    const timer = setTimeout(() => this.#far.destroy(), 500);
    if (!this.#far.destroyed) await once(this.#far, 'close').catch(() => {});
    clearTimeout(timer);
    await listening;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** As `pipe` does, in one write for each read: a packet more is no reason to wake ffmpeg once more. */
function passOn(from: Socket, to: Socket, read: (chunk: Buffer) => Buffer[]): void {
  to.setNoDelay(true);
  to.on('drain', () => from.resume());
  from.on('data', (chunk: Buffer) => {
    const parts = read(chunk);
    if (parts.length === 0) return;
    if (!to.write(parts.length === 1 ? parts[0]! : Buffer.concat(parts))) from.pause();
  });
  from.resume();
}
