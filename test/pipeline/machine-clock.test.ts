import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { fromMachineMs, machineMs, toMachineMs } from '../../pipeline/machine-clock.ts';

const dir = mkdtempSync(join(tmpdir(), 'facegate-clock-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const CLOCK = new URL('../../pipeline/machine-clock.ts', import.meta.url).href;
const SAYS = `
  import { machineMs } from ${JSON.stringify(CLOCK)};
  import { parentPort } from 'node:worker_threads';
  const answer = () => ({ machine: machineMs(), own: performance.now() });
  if (parentPort) parentPort.on('message', () => parentPort.postMessage(answer()));
  else process.on('message', () => process.send(answer()));
`;
const file = join(dir, 'says.mjs');
writeFileSync(file, SAYS);

describe('the machine’s clock', () => {
  it('is the same in a process that began later: what it says lies between question and answer', async () => {
    const child = fork(file);
    try {
      const { machine, own } = await asks({
        ask: () => child.send('when'),
        answer: async () => (await once(child, 'message'))[0] as Answer,
      });
      // What is corrected: its own clock began later than this one's.
      expect(fromMachineMs(machine) - own).toBeGreaterThan(10);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('is the same in a thread', async () => {
    const thread = new Worker(file);
    try {
      await asks({
        ask: () => thread.postMessage('when'),
        answer: async () => (await once(thread, 'message'))[0] as Answer,
      });
    } finally {
      await thread.terminate();
    }
  });

  it('goes there and back', () => {
    const now = performance.now();
    expect(fromMachineMs(toMachineMs(now))).toBeCloseTo(now, 3);
    expect(Math.abs(fromMachineMs(machineMs()) - performance.now())).toBeLessThan(50);
  });
});

interface Answer {
  readonly machine: number;
  readonly own: number;
}

async function asks({ ask, answer }: { ask: () => void; answer: () => Promise<Answer> }): Promise<Answer> {
  let answered: Answer = { machine: 0, own: 0 };
  for (let i = 0; i < 5; i += 1) {
    const before = machineMs();
    const coming = answer();
    ask();
    answered = await coming;
    const { machine } = answered;
    const after = machineMs();
    // A tenth: each of both distances was read within microseconds.
    expect(machine).toBeGreaterThan(before - 0.1);
    expect(machine).toBeLessThan(after + 0.1);
  }
  return answered;
}
