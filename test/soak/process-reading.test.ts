import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { nicenessOf, readProgram, threadsBelow } from '../../soak/process-reading.ts';
import { eventually } from '../support/eventually.ts';

// Opens three files, starts a child with a name of its own, and one with several threads and a lower priority.
const PROGRAM = `
const fs = require('fs'), cp = require('child_process'), os = require('os');
for (let i = 0; i < 3; i += 1) fs.openSync('/dev/null', 'r');
cp.spawn('sleep', ['60'], { stdio: 'ignore' });
const busy = cp.spawn(process.execPath, ['-e', "process.title = 'many'; setInterval(() => {}, 1e6)"], { stdio: 'ignore' });
os.setPriority(busy.pid, 7);
console.log('ready');
`;

describe.skipIf(process.platform !== 'linux')('a program that is looked at', () => {
  const children: ReturnType<typeof spawn>[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) {
      const { pid } = child;
      const gone = once(child, 'close');
      process.kill(-pid!, 'SIGKILL');
      await gone;
    }
  });
  async function start(): Promise<number> {
    const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    children.push(child);
    await once(createInterface({ input: child.stdout! }), 'line');
    return child.pid!;
  }

  it('has its memory, its open files and its children by name', async () => {
    const pid = await start();
    const seen = await eventually('both children', () => {
      const reading = readProgram(pid);
      return reading.children.sleep === 1 && reading.children.many === 1 ? reading : null;
    });
    expect(seen.children).toEqual({ sleep: 1, many: 1 });
    expect(seen.residentBytes).toBeGreaterThan(10 * 2 ** 20);
    expect(seen.descriptors).toBeGreaterThan(6);
    expect(seen.zombies).toEqual([]);
  });

  it('has the threads of its children, and how far each gives way', async () => {
    const pid = await start();
    const [many] = await eventually('the child', () => {
      const found = threadsBelow(pid, 'many');
      return found.length === 1 ? found : null;
    });
    expect(many!.threads.length).toBeGreaterThan(1);
    expect(many!.threads[0]).toBe('many');
    expect(threadsBelow(pid, 'sleep')).toMatchObject([{ threads: ['sleep'], niceness: nicenessOf(pid) }]);
    expect(threadsBelow(pid, 'nobody')).toEqual([]);
  });

  it('that is not there is an error', () => {
    expect(() => readProgram(2 ** 22 - 1)).toThrow(/ENOENT/);
    expect(() => nicenessOf(2 ** 22 - 1)).toThrow('there is no process 4194303');
  });
});
