import { execFile } from 'node:child_process';
import { plainText } from './plain-text.ts';

/** What a program of the system answered. */
export type ToolAnswer =
  | { readonly state: 'answered'; readonly text: string }
  /** It is not on this machine. */
  | { readonly state: 'absent' }
  /** It ended with an error, or did not end in time; `why` is its own first line where it said something. */
  | { readonly state: 'failed'; readonly why: string };

export interface RunToolOptions {
  /** Ends it before its time. */
  readonly signal?: AbortSignal;
  /** Default: 10 s. */
  readonly timeoutMs?: number;
  /** All that it sees of the environment. Default: what this process sees. */
  readonly environment?: Readonly<Record<string, string>>;
}

export type RunTool = (program: string, args: readonly string[], options?: RunToolOptions) => Promise<ToolAnswer>;

const ENOUGH_MS = 10_000;

/** Asks a program of the system (nvidia-smi, docker, …) without a shell; it is killed when it takes longer than its time. */
export const runTool: RunTool = (program, args, { signal, timeoutMs = ENOUGH_MS, environment } = {}) =>
  new Promise((resolve) => {
    const options = {
      timeout: timeoutMs,
      ...(signal && { signal }),
      ...(environment && { env: environment }),
      killSignal: 'SIGKILL',
      maxBuffer: 16 * 1024 * 1024,
      windowsHide: true,
    } as const;
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve({ state: 'answered', text: stdout });
      else if (error.code === 'ENOENT') resolve({ state: 'absent' });
      else if (signal?.aborted) resolve({ state: 'failed', why: `${program} was not waited for` });
      else if (error.killed)
        resolve({ state: 'failed', why: `${program} did not answer within ${timeoutMs / 1000} s` });
      else resolve({ state: 'failed', why: firstLine(stderr) ?? firstLine(stdout) ?? error.message });
    });
  });

function firstLine(text: string): string | null {
  const line = text.split('\n').find((each) => each.trim() !== '');
  return line === undefined ? null : plainText(line);
}
