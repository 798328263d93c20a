import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SelfTest } from '../../models/runtime/self-test.ts';

export interface SelfTestRequest {
  readonly provider: string;
  /** `cuda:N` or `MIG-…`; undefined: the provider's first. */
  readonly device?: string | undefined;
}

export type SelfTestAnswer =
  | { readonly state: 'ran'; readonly result: SelfTest }
  | {
      readonly state: 'failed';
      readonly why: string;
      /** What it would need; a sentence's end, or empty. */
      readonly toInstall: string;
    };

export interface SelfTestOptions extends SelfTestRequest {
  /** What its process sees of the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Default 30 s: the first run compiles shaders. */
  readonly timeoutMs?: number;
}

/** Tries an execution provider in a process of its own, which is gone when the promise resolves. */
export function runSelfTest({
  provider,
  device,
  environment,
  timeoutMs = 30_000,
}: SelfTestOptions): Promise<SelfTestAnswer> {
  const entry = new URL(`./self-test-process${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  const slice = device?.startsWith('MIG-') ? { CUDA_VISIBLE_DEVICES: device } : {};
  return new Promise((resolve) => {
    const child = fork(entry, [], {
      serialization: 'advanced',
      execArgv: [],
      env: { ...environment, ...slice },
      // Drivers write what they like to both.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    let answer: SelfTestAnswer | null = null;
    const timer = setTimeout(() => {
      answer = { state: 'failed', why: `it did not answer within ${timeoutMs / 1000} s`, toInstall: '' };
      child.kill('SIGKILL');
    }, timeoutMs);
    const end = (how: string) => {
      clearTimeout(timer);
      resolve(answer ?? { state: 'failed', why: `its process ended with ${how}`, toInstall: '' });
    };
    child.on('message', (message: SelfTestAnswer) => {
      answer ??= message;
    });
    child.once('close', (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code}`));
    child.on('error', (error) => {
      // One that never started has no end.
      if (child.pid === undefined) end(error.message);
    });
    const request: SelfTestRequest = { provider, device };
    child.send(request, () => {});
  });
}
