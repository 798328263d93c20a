import { execFile } from 'node:child_process';

/** What a program of the system answered. */
export type ToolAnswer =
  | { readonly state: 'answered'; readonly text: string }
  /** It is not on this machine. */
  | { readonly state: 'absent' }
  /** It ended with an error, or did not end in time; `why` is its own first line where it said something. */
  | { readonly state: 'failed'; readonly why: string };

export type RunTool = (program: string, args: readonly string[]) => Promise<ToolAnswer>;

const ENOUGH_MS = 10_000;

/** Asks a program of the system (nvidia-smi, docker, …) without a shell; it is ended when it takes longer than 10 s. */
export const runTool: RunTool = (program, args) =>
  new Promise((resolve) => {
    const options = {
      timeout: ENOUGH_MS,
      killSignal: 'SIGKILL',
      maxBuffer: 16 * 1024 * 1024,
      windowsHide: true,
    } as const;
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve({ state: 'answered', text: stdout });
      else if (error.code === 'ENOENT') resolve({ state: 'absent' });
      else if (error.killed)
        resolve({ state: 'failed', why: `${program} did not answer within ${ENOUGH_MS / 1000} s` });
      else resolve({ state: 'failed', why: firstLine(stderr) ?? firstLine(stdout) ?? error.message });
    });
  });

function firstLine(text: string): string | null {
  return (
    text
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.trim() ?? null
  );
}
