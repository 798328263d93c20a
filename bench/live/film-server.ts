import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { systemPython } from '../../test/support/requirements.ts';

/** A real RTSP server (GStreamer's) in one process of its own: many cameras, each with a player and an address. */
export class FilmServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #port: number;
  /** When the first picture of each player's film was due, milliseconds of the monotonic clock. */
  readonly #zeroMs: Map<string, number>;

  private constructor(child: ChildProcess, port: number, zeroMs: Map<string, number>) {
    this.#child = child;
    this.#port = port;
    this.#zeroMs = zeroMs;
  }

  /** @param films an MP4 with H.264 for each address; the same one may be given again and again, or none at all. */
  static async start(films: Readonly<Record<string, string>>): Promise<FilmServer> {
    const script = fileURLToPath(new URL('film-server.py', import.meta.url));
    const args = Object.entries(films).map(([name, film]) => `/${name}=${film}`);
    const child = spawn(systemPython, [script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
    const zeroMs = new Map<string, number>();
    const port = await new Promise<number>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const message = JSON.parse(line) as { port: number } | { path: string; zeroNs: number };
        if ('port' in message) resolve(message.port);
        else zeroMs.set(message.path.slice(1), message.zeroNs / 1e6);
      });
      child.once('error', reject);
      child.once('exit', (code) =>
        reject(
          new Error(
            `the RTSP server ended with ${code} (it needs python3-gi, gir1.2-gst-rtsp-server-1.0 and gstreamer1.0-plugins-good and -bad): ${said}`,
          ),
        ),
      );
    });
    return new FilmServer(child, port, zeroMs);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  url(name: string): string {
    return `rtsp://127.0.0.1:${this.#port}/${name}`;
  }

  /** When the first picture of the film was due at the newest client of this address; undefined before there was one. */
  zeroMs(name: string): number | undefined {
    return this.#zeroMs.get(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
