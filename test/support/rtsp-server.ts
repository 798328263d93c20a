import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { systemPython } from './requirements.ts';

export interface RtspServerOptions {
  /** An MP4; it is played from its start for every client and ends where the film ends. */
  film: string;
  /** What the film is encoded in. Default `h264`. */
  codec?: 'h264' | 'h265';
  /** Default `/cam`. */
  path?: string;
  /** Default 0: a free one. A number lets a server come back where another one was. */
  port?: number;
  /** Asks for these; without it everybody may watch. */
  credentials?: { user: string; password: string; auth?: 'basic' | 'digest' };
}

/** A real RTSP server (GStreamer's) on 127.0.0.1, for as long as a test needs it. */
export class RtspServer implements AsyncDisposable {
  readonly port: number;
  readonly path: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, path: string) {
    this.#child = child;
    this.port = port;
    this.path = path;
  }

  static async start(options: RtspServerOptions): Promise<RtspServer> {
    const path = options.path ?? '/cam';
    const script = fileURLToPath(new URL('gst-rtsp-server.py', import.meta.url));
    const args = [
      script,
      '--film',
      options.film,
      '--path',
      path,
      '--port',
      String(options.port ?? 0),
      '--codec',
      options.codec ?? 'h264',
    ];
    if (options.credentials) {
      const { user, password, auth } = options.credentials;
      args.push('--user', user, '--password', password, '--auth', auth ?? 'digest');
    }
    const child = spawn(systemPython, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
    const lines = createInterface({ input: child.stdout });
    const port = await new Promise<number>((resolve, reject) => {
      lines.once('line', (line) => resolve((JSON.parse(line) as { port: number }).port));
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the RTSP server ended with ${code}: ${said}`)));
    });
    if (port <= 0) throw new Error(`the RTSP server could not listen on port ${options.port}`);
    return new RtspServer(child, port, path);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The address of the film, with the credentials given, if any. */
  url(credentials?: { user: string; password: string }): string {
    const who = credentials
      ? `${encodeURIComponent(credentials.user)}:${encodeURIComponent(credentials.password)}@`
      : '';
    return `rtsp://${who}127.0.0.1:${this.port}${this.path}`;
  }

  /** Stops it in the middle of whatever it sends: a camera that loses its power. Idempotent. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
