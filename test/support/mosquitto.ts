import { type ChildProcess, spawn } from 'node:child_process';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { mosquittoPath } from './requirements.ts';

export interface MosquittoOptions {
  /** Only these may connect; everybody where it is left out. */
  readonly users?: Readonly<Record<string, string>>;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** What was acknowledged is on disk before the next turn of its loop: for brokers that are killed. */
  readonly durable?: boolean;
  /** Further lines of its configuration. */
  readonly lines?: readonly string[];
}

/** Debian's MQTT broker on a free port of 127.0.0.1, with a configuration and a folder of its own. */
export class Mosquitto implements AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  #child: ChildProcess | null = null;
  #said = '';

  private constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
  }

  static async start(options: MosquittoOptions = {}): Promise<Mosquitto> {
    const broker = new Mosquitto(await freePort(), mkdtempSync(join(tmpdir(), 'facegate-mosquitto-')));
    broker.#configure(options);
    await broker.start();
    return broker;
  }

  /** What it wrote. */
  get said(): string {
    return this.#said;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Again on the same port, with what it kept on disk. */
  async start(): Promise<void> {
    const child = spawn(mosquittoPath!, ['-c', join(this.folder, 'mosquitto.conf')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said = (this.#said + text).slice(-100_000);
      });
    }
    const deadline = Date.now() + 10_000;
    while (!(await accepts(this.port))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`mosquitto did not start:\n${this.#said}`);
      await wait(20);
    }
  }

  /** Resolves when the process is gone. Nothing happens where it is gone already. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    // One that was stopped does not hear SIGTERM.
    child.kill('SIGCONT');
    child.kill(signal);
    await gone;
  }

  /** It holds its connections and answers nothing, until `resume`. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }

  #configure({ users, tls, durable, lines = [] }: MosquittoOptions): void {
    const inFolder = (name: string) => join(this.folder, name);
    const config = [
      `listener ${this.port} 127.0.0.1`,
      // It would give its rights away to a user that may not read this folder.
      `user ${userInfo().username}`,
      `allow_anonymous ${users === undefined}`,
      'log_type error',
      'log_type warning',
      'log_type notice',
    ];
    if (users) {
      const path = inFolder('passwords');
      const accounts = Object.entries(users).map(([user, password]) => `${user}:${hashed(password)}\n`);
      writeFileSync(path, accounts.join(''), { mode: 0o600 });
      config.push(`password_file ${path}`);
    }
    if (tls) {
      writeFileSync(inFolder('cert.pem'), tls.cert);
      writeFileSync(inFolder('key.pem'), tls.key, { mode: 0o600 });
      config.push(`certfile ${inFolder('cert.pem')}`, `keyfile ${inFolder('key.pem')}`);
    }
    if (durable) {
      config.push(
        'persistence true',
        `persistence_location ${this.folder}/`,
        'autosave_on_changes true',
        'autosave_interval 1',
        'max_queued_messages 0',
        'max_inflight_messages 0',
      );
    }
    writeFileSync(inFolder('mosquitto.conf'), `${[...config, ...lines].join('\n')}\n`);
  }
}

/** As mosquitto_passwd writes it: PBKDF2 with SHA-512 (`$7$`). */
function hashed(password: string): string {
  const rounds = 101;
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(password, salt, rounds, 64, 'sha512');
  return `$7$${rounds}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
