import { inferenceProcesses } from './tree-costs.ts';

/** SIGKILL to one of the inference processes below `pid`, again and again while `work` goes on; the first one at once. */
export async function whileKilled<T>(
  pid: number,
  everyMs: number,
  work: () => Promise<T>,
): Promise<{ result: T; kills: number }> {
  let kills = 0;
  const kill = () => {
    const [first] = inferenceProcesses(pid);
    if (first === undefined) return;
    try {
      process.kill(first, 'SIGKILL');
      kills += 1;
    } catch {
      // It went by itself just now.
    }
  };
  kill();
  const killing = setInterval(kill, everyMs);
  try {
    return { result: await work(), kills };
  } finally {
    clearInterval(killing);
  }
}
