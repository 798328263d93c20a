import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lowerPriority } from '../../config/work-priority.ts';
import { type ChildHost, type ChildHostOptions, listen } from './child-host.ts';

/** Starts an inference process. `gone` resolves with how it ended: `signal SIGKILL`, `exit code 1`. */
export function startProcess({ environment, descriptors, received, said }: ChildHostOptions): ChildHost {
  const entry = new URL(`../inference/inference-process${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  const child = fork(entry, [], {
    serialization: 'advanced',
    // No flags of ours (--inspect, --test …) and no secret of ours reach it.
    execArgv: [],
    env: { ...environment },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', ...descriptors],
  });
  child.on('message', received);
  listen(child.stderr, said);
  const gone = new Promise<string>((resolve) => {
    // 'close', not 'exit': what the child still said, the reason of its end among it, comes before it.
    child.once('close', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
    child.on('error', (error) => {
      // A process that never started has no end. Anything else (a message that could not be sent) leads to one.
      if (child.pid === undefined) resolve(error.message);
    });
  });
  const pid = child.pid ?? 0;
  // At once: the threads that it makes later take it on.
  const priorityRefusal = pid === 0 ? null : lowerPriority(pid);
  return {
    pid,
    name: `inference process ${pid}`,
    send: (message) => {
      if (child.connected) child.send(message, () => {});
    },
    end: () => void child.kill('SIGKILL'),
    gone,
    priorityRefusal,
  };
}
