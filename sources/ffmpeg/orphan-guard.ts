import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Seconds that ffmpeg has for its goodbye to the camera, as after `FfmpegProcess.close`. */
const GRACE_S = 3;

// Standard input is a pipe from this program. A line on it: the guarded process ended by itself. Its end without a line: this
// program is gone, however that came about. Polling, so that the guard does not outlive what it guards by more than a second.
const SCRIPT = `
trap '' HUP INT TERM
read -r line && exit 0
kill -TERM "$1" 2>/dev/null || exit 0
for second in ${Array.from({ length: GRACE_S }, (_, i) => i + 1).join(' ')}; do
  sleep 1
  kill -0 "$1" 2>/dev/null || exit 0
done
kill -KILL "$1" 2>/dev/null
`;

/**
 * Ends a child process when this program ends without having done so: killed, crashed, out of memory. On a mute camera ffmpeg would
 * otherwise go on until its read timeout, and some cameras refuse a second client all that time. POSIX only; elsewhere that timeout
 * is what ends it.
 */
export class OrphanGuard {
  readonly #child: ChildProcess | null;
  readonly #gone: Promise<unknown>;

  constructor(pid: number) {
    if (process.platform === 'win32') {
      this.#child = null;
      this.#gone = Promise.resolve();
      return;
    }
    // A session of its own: Ctrl+C in the terminal and a kill of the whole group must not reach it.
    const child = spawn('/bin/sh', ['-c', SCRIPT, 'facegate-guard', String(pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: {},
      cwd: '/',
    });
    this.#child = child;
    // It could not be started: then there is none.
    this.#gone = once(child, 'close').catch(() => {});
    child.stdin?.on('error', () => {});
    child.on('error', () => {});
  }

  /** The guarded process is gone. Idempotent; resolves when the guard is, too. */
  async close(): Promise<void> {
    if (this.#child?.stdin?.writableEnded === false) this.#child.stdin.end('gone\n');
    await this.#gone;
  }
}
