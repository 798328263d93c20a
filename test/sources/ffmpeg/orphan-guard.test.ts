import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OrphanGuard } from '../../../sources/ffmpeg/orphan-guard.ts';
import { descendantsOf, isAlive } from '../../support/child-processes.ts';
import { eventually } from '../../support/eventually.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'facegate-guard-'));
});
const programs: ChildProcess[] = [];
afterEach(async () => {
  for (const one of programs.splice(0)) one.kill('SIGKILL');
  await rm(dir, { recursive: true });
});

describe.skipIf(process.platform !== 'linux')('the guard of a process', () => {
  /** A program with a guarded child that notes its goodbye, or is deaf to requests. */
  async function program(child: string): Promise<{ parent: ChildProcess; guarded: number }> {
    const guard = JSON.stringify(fileURLToPath(new URL('../../../sources/ffmpeg/orphan-guard.ts', import.meta.url)));
    const script = join(dir, 'program.ts');
    await writeFile(
      script,
      `import { spawn } from 'node:child_process';
       import { OrphanGuard } from ${guard};
       const child = spawn('/bin/sh', ['-c', ${JSON.stringify(child)}], { stdio: 'ignore', cwd: ${JSON.stringify(dir)} });
       new OrphanGuard(child.pid!);
       setTimeout(() => console.log(child.pid), 200);
       setInterval(() => {}, 1000);`,
    );
    const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    programs.push(parent);
    const [line] = (await once(parent.stdout!, 'data')) as [Buffer];
    return { parent, guarded: Number(line.toString()) };
  }

  it('goes with it, and leaves nothing', async () => {
    const child = spawn('sleep', ['30']);
    const guard = new OrphanGuard(child.pid!);
    await eventually('the guard is there', () => descendantsOf(process.pid).length >= 2);
    child.kill();
    await once(child, 'exit');
    await guard.close();
    await guard.close();
    expect(descendantsOf(process.pid)).toEqual([]);
  });

  it('lets it say goodbye when the program is killed', async () => {
    const { parent, guarded } = await program('trap "echo goodbye > said; exit" TERM; while :; do sleep 0.05; done');
    const all = descendantsOf(parent.pid!).filter((pid) => !/^(sleep|$)/.test(commandOf(pid)));
    expect(all.length).toBeGreaterThanOrEqual(2);
    parent.kill('SIGKILL');
    const killed = performance.now();
    await eventually('all of them are gone', () => all.every((pid) => !isAlive(pid)));
    // An init that reaps late makes the guard wait for what is dead already.
    expect(performance.now() - killed).toBeLessThan(5000);
    expect(isAlive(guarded)).toBe(false);
    expect(await readFile(join(dir, 'said'), 'utf8')).toBe('goodbye\n');
  });

  it('insists after three seconds', async () => {
    const { parent, guarded } = await program('trap "" TERM; while :; do sleep 0.05; done');
    parent.kill('SIGKILL');
    const killed = performance.now();
    await eventually('it is gone', () => !isAlive(guarded));
    expect(performance.now() - killed).toBeGreaterThan(2500);
    expect(performance.now() - killed).toBeLessThan(6000);
  });

  it('is not reached by what is sent to the whole group', async () => {
    const { parent, guarded } = await program('trap "" TERM INT HUP; while :; do sleep 0.05; done');
    const guard = descendantsOf(parent.pid!).find((pid) => commandOf(pid).includes('facegate-guard'))!;
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.kill(guard, signal);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isAlive(guard)).toBe(true);
    parent.kill('SIGKILL');
    await eventually('it is gone', () => !isAlive(guarded) && !isAlive(guard));
  });
});

/** Empty where it has gone meanwhile. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
