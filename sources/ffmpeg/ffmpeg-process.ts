import type { ChildProcess } from 'node:child_process';
import { Readable, type Writable } from 'node:stream';
import ffmpeg, { type FfmpegCommand } from 'fluent-ffmpeg';
import { lowerPriority } from '../../config/work-priority.ts';
import type { FfmpegArguments } from './ffmpeg-arguments.ts';
import { OrphanGuard } from './orphan-guard.ts';

export interface FfmpegProcessOptions {
  /** The program. */
  path: string;
  /** All that it sees of the environment. */
  environment: Readonly<Record<string, string>>;
  arguments: FfmpegArguments;
  /** Written to standard input, where the arguments carry no script; null where it stays empty. */
  feed?: Readable | null;
  /** Takes standard output; paused by not taking more. It must not emit `close` before the process is gone. */
  stdout: Writable;
  /** Takes what comes over pipe 3, where the arguments have a copy to be written to it. */
  onCopy?(chunk: Buffer): void;
  /** Each line of standard error, as ffmpeg wrote it: it may hold credentials. Must not throw. */
  onLine(line: string): void;
}

/** How it ended: by itself with an exit code, by a signal, or without ever having run. */
export interface FfmpegExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be run. */
  readonly error: Error | null;
}

/** The members of a fluent-ffmpeg command that its types leave out. */
interface CommandInternals {
  ffmpegProc?: ChildProcess;
  _checkCapabilities(done: (error: Error | null) => void): void;
  _getFfmpegPath(done: (error: Error | null, path: string) => void): void;
  _spawnFfmpeg(args: unknown, options: unknown, onProcess: unknown, onEnd: SpawnEnd): void;
  availableEncoders(done: (error: Error | null, encoders: Record<string, never>) => void): void;
}

type SpawnEnd = (error: Error | null, ...output: unknown[]) => void;

const GRACE_MS = 3000;
/** Where ffmpeg writes the copy of the compressed video. */
const COPY_FD = 3;

/** One running ffmpeg. It is over when the process is gone, not when its output is. */
export class FfmpegProcess {
  /** Resolves when the process is gone and all it wrote has been taken (or thrown away by `close`). Never rejects. */
  readonly ended: Promise<FfmpegExit>;
  #child: ChildProcess | null = null;
  #closing: Promise<void> | null = null;
  #graceMs = GRACE_MS;
  #kill: NodeJS.Timeout | null = null;
  #over = false;

  constructor(options: FfmpegProcessOptions) {
    const command = commandFor(options);
    this.ended = new Promise((resolve) => {
      let guard: OrphanGuard | null = null;
      const over = (exit: FfmpegExit) => {
        this.#over = true;
        if (this.#kill) clearTimeout(this.#kill);
        if (guard) void guard.close().then(() => resolve(exit));
        else resolve(exit);
      };
      command.on('start', () => {
        const child = (command as unknown as CommandInternals).ffmpegProc!;
        this.#child = child;
        if (child.pid !== undefined) {
          lowerPriority(child.pid);
          guard = new OrphanGuard(child.pid);
        }
        // fluent-ffmpeg's own listener reads what is not there yet and throws: a missing program, or a signal that
        // cannot be sent, would end the server.
        child.removeAllListeners('error');
        child.on('error', (error) => {
          if (child.pid === undefined) over({ code: null, signal: null, error });
        });
        // Not fluent-ffmpeg's `end`: that one comes when it has read the output, also while the process lives on.
        child.once('close', (code, signal) => {
          if (child.pid !== undefined) over({ code, signal, error: null });
        });
        if (!options.arguments.script && !options.feed) child.stdin?.on('error', () => {}).end();
        // Taken always: a full pipe would stop the pictures, too.
        const copy = child.stdio[COPY_FD] as Readable | null | undefined;
        copy?.on('error', () => {}).on('data', (chunk: Buffer) => options.onCopy?.(chunk));
        if (this.#closing) this.#end();
      });
      command.on('stderr', options.onLine);
      // An exit code is reported here as well; what counts then is the child's `close`.
      command.on('error', (error: Error) => {
        if (this.#child?.pid === undefined) over({ code: null, signal: null, error });
      });
      command.run();
    });
  }

  /** Null before it has started, or where it could not be. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /**
   * Ends it: closes its output, asks, and after `graceMs` insists. Idempotent; resolves when the process is gone.
   *
   * @param graceMs time to say goodbye to the camera (some refuse for 30 s otherwise). Default 3 s.
   */
  close(graceMs: number = GRACE_MS): Promise<void> {
    if (!this.#closing) {
      this.#graceMs = graceMs;
      this.#closing = this.ended.then(() => {});
      if (this.#child) this.#end();
    }
    return this.#closing;
  }

  #end(): void {
    if (this.#over) return;
    // With a full pipe ffmpeg sits in write() and does not look at signals.
    this.#child?.stdout?.destroy();
    this.#child?.stdio[COPY_FD]?.destroy();
    // Nor does it while it waits for more of what it is fed.
    this.#child?.stdin?.destroy();
    this.#child?.kill('SIGTERM');
    this.#kill = setTimeout(() => this.#child?.kill('SIGKILL'), this.#graceMs);
  }
}

function commandFor(options: FfmpegProcessOptions): FfmpegCommand {
  const { beforeInput, input, script, beforeOutput, copy } = options.arguments;
  // Spread: given an array, fluent-ffmpeg splits every option that holds one space.
  const command = ffmpeg()
    .input(input ?? options.feed ?? Readable.from([script ?? '']))
    .inputOptions(...(beforeInput as string[]))
    .output(options.stdout)
    .outputOptions(...(beforeOutput as string[]));
  if (copy) command.output(copy.at(-1) as string).outputOptions(...copy.slice(0, -1));
  const internals = command as unknown as CommandInternals;
  // Its check reads `ffmpeg -formats` wrongly since ffmpeg 7 and then refuses v4l2, dshow and avfoundation.
  internals._checkCapabilities = (done) => done(null);
  internals.availableEncoders = (done) => done(null, {});
  // Its own way to set the path is global, and it looks into the environment.
  internals._getFfmpegPath = (done) => done(null, options.path);
  // Out of file descriptors, the child comes without its pipes. That throws here, and once more a tick later, when the
  // child says why: fluent-ffmpeg then reads what was never made, where nobody can catch it.
  const spawn = internals._spawnFfmpeg;
  internals._spawnFfmpeg = (args, spawnOptions, onProcess, onEnd) => {
    const ended: SpawnEnd = (error, ...output) => {
      if (output.length > 0) onEnd(error, ...output);
      else command.emit('error', error);
    };
    try {
      const stdio = ['pipe', 'pipe', 'pipe', ...(copy ? ['pipe'] : [])];
      spawn.call(command, args, { ...(spawnOptions as object), stdio, env: options.environment }, onProcess, ended);
    } catch (error) {
      setImmediate(() => command.emit('error', error));
    }
  };
  return command;
}
