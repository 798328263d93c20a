import { setTimeout as wait } from 'node:timers/promises';
import { descendantsOf, isAlive } from '../test/support/child-processes.ts';

const PATIENCE_MS = 15_000;

/**
 * Ends a process and all below it: asks every one of them, and insists after 15 s. Whoever runs programs that run programs leaves
 * them behind when it is ended itself. Resolves when all are gone.
 */
export async function endTree(pid: number): Promise<void> {
  const all = [pid, ...descendantsOf(pid)];
  for (const one of all) send(one, 'SIGTERM');
  const until = Date.now() + PATIENCE_MS;
  while (all.some(isAlive) && Date.now() < until) await wait(100);
  for (const one of all.filter(isAlive)) send(one, 'SIGKILL');
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}
