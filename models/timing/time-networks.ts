import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../config/app-error.ts';
import { fromWire } from '../processes/process-messages.ts';
import type { Timing, TimingAnswer, TimingTask } from './timing-messages.ts';

export interface TimeNetworksOptions {
  /** All that the process sees of the environment (config/device-environment.ts). */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends the process at once. */
  readonly signal?: AbortSignal;
  /** From here on it is taken to hang. Default: a minute and ten times what was asked for. */
  readonly deadlineMs?: number;
}

/**
 * Loads networks in a process of their own, runs them again and again, and says how long that took. The process is gone
 * when this resolves or rejects.
 *
 * @throws {AppError} the MODEL codes of `Session.open`; INFERENCE_DIED when the process ended, INFERENCE_DEADLINE when it
 *   hung, INFERENCE_CLOSED when it was aborted.
 */
export async function timeNetworks(task: TimingTask, options: TimeNetworksOptions): Promise<Timing> {
  const { environment, signal, deadlineMs = 60_000 + task.seconds * 10_000 } = options;
  if (signal?.aborted) throw new AppError('INFERENCE_CLOSED', 'timing was cancelled');
  const entry = new URL(`./timing-process${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  const child = fork(entry, [], {
    serialization: 'advanced',
    execArgv: [],
    env: { ...environment },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let ending: AppError | null = null;
  const end = (error: AppError) => {
    ending ??= error;
    child.kill('SIGKILL');
  };
  const abort = () => end(new AppError('INFERENCE_CLOSED', 'timing was cancelled'));
  const timer = setTimeout(() => {
    end(new AppError('INFERENCE_DEADLINE', `the process that was timed did not answer within ${deadlineMs} ms`));
  }, deadlineMs);
  signal?.addEventListener('abort', abort);
  try {
    const gone = whenGone(child);
    const answer = new Promise<TimingAnswer>((resolve) => child.once('message', resolve));
    child.send(task, () => {});
    const answered = await Promise.race([answer, gone]);
    const how = await gone;
    if (ending) throw ending;
    if (typeof answered === 'string') throw new AppError('INFERENCE_DIED', `the process that was timed ended: ${how}`);
    if (answered.type === 'failed') throw fromWire(answered.error);
    return answered.timing;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** How it ended, with the last line that it said. */
function whenGone(child: ChildProcess): Promise<string> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      const last = said.trim().split('\n').at(-1);
      resolve(`${signal ? `signal ${signal}` : `exit code ${code}`}${last ? `, ${last}` : ''}`);
    });
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
  });
}
