// A thread's own environment is not the one that the runtime sees.
import '../../config/runtime-telemetry.ts';

import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type ChildHost, type ChildHostOptions, listen } from './child-host.ts';

/** Starts an inference thread. A thread that hangs inside the runtime stays for as long as it hangs. */
export function startThread({ received, said }: ChildHostOptions): ChildHost {
  const entry = new URL(`../inference/inference-thread${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  const worker = new Worker(entry, { env: {}, execArgv: [], stderr: true });
  let crash = '';
  worker.on('message', received);
  worker.on('error', (error) => {
    crash = `: ${error instanceof Error ? error.message : String(error)}`;
  });
  listen(worker.stderr, said);
  const { threadId } = worker;
  return {
    pid: process.pid,
    name: `inference thread ${threadId}`,
    send: (message) => worker.postMessage(message),
    end: () => worker.postMessage({ type: 'stop' }),
    priorityRefusal: null,
    gone: new Promise((resolve) => worker.once('exit', (code) => resolve(`exit code ${code}${crash}`))),
  };
}
