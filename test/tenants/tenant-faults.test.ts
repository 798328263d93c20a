import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { STEADY_MS } from '../../tenants/restart-schedule.ts';
import { descendantsOf, isAlive } from '../support/child-processes.ts';
import { eventually } from '../support/eventually.ts';
import { type SupervisedTenants, superviseTenants } from '../support/supervised-tenants.ts';

const camera = { id: 'front', url: 'test:' };

vi.setConfig({ testTimeout: 200_000, hookTimeout: 200_000 });

describe.skipIf(process.platform !== 'linux')('a tenant whose process fails', () => {
  let tenants: SupervisedTenants;
  beforeAll(async () => {
    tenants = superviseTenants({
      tenants: [
        { id: 'victim', settings: { cameras: [camera] } },
        { id: 'neighbour', settings: { cameras: [camera] } },
      ],
    });
    await tenants.supervisor.start();
  });
  afterAll(() => tenants[Symbol.asyncDispose]());

  it('was started before the next one, and listens where nobody else gets in', async () => {
    const order = tenants.views.map(({ id, state }) => `${id} ${state}`);
    expect(order.indexOf('victim ready')).toBeGreaterThan(order.indexOf('victim starting'));
    expect(order.indexOf('neighbour starting')).toBeGreaterThan(order.indexOf('victim ready'));
    const { socketPath } = tenants.supervisor.get('victim') ?? { socketPath: '' };
    expect(statSync(dirname(socketPath)).mode & 0o777).toBe(0o700);
    expect(statSync(join(tenants.folder, 'data/tenants/victim')).mode & 0o777).toBe(0o700);
    expect(await tenants.ask('victim', '/ready')).toMatchObject({ status: 200 });
  });

  // Each one begins where the last one is forgotten, so that the first successor comes at once.
  it.each([
    ['SIGKILL', 'SIGKILL', 'TENANT_DIED'],
    ['SIGABRT', 'SIGABRT', 'TENANT_DIED'],
    ['SIGSTOP', 'SIGKILL', 'TENANT_HUNG'],
  ] as const)(
    'by %s is back, with nothing left of before, and its neighbour does not notice',
    async (signal, ended, code) => {
      const before = tenants.view('victim');
      const pid = before.pid as number;
      const neighbour = tenants.view('neighbour');
      await eventually('it counts as steady', () => Date.now() - Date.parse(before.readyAt as string) > STEADY_MS);
      const children = descendantsOf(pid);
      expect(children.length).toBeGreaterThan(1);

      process.kill(pid, signal);
      const after = await tenants.until('victim', 'ready', (view) => view.pid !== pid);

      expect(after.lastEnd).toMatchObject({ how: 'died', signal: ended, exitCode: null, code });
      expect(after.restarts).toBe(before.restarts + 1);
      expect(after.problem).toBeNull();
      expect(await tenants.ask('victim', '/ready')).toMatchObject({ status: 200 });
      expect(tenants.view('neighbour')).toMatchObject({ state: 'ready', pid: neighbour.pid, restarts: 0 });
      expect(isAlive(pid)).toBe(false);
      await eventually('its children are gone', () => !children.some(isAlive), 7000);
    },
    90_000,
  );

  it('with children that were stopped is rid of them as well', async () => {
    const pid = tenants.view('victim').pid as number;
    // Who is there is looked at once a second; ffmpeg is only just started.
    const running = tenants.view('victim').readyAt as string;
    await eventually('they were seen', () => Date.now() - Date.parse(running) > 3000);
    const children = descendantsOf(pid);
    for (const child of children) process.kill(child, 'SIGSTOP');
    process.kill(pid, 'SIGKILL');
    await tenants.until('victim', 'ready', (view) => view.pid !== pid);
    await eventually('its children are gone', () => !children.some(isAlive), 10_000);
  });

  it('and fails again and again is waited for longer, and said to be in a loop', async () => {
    for (let tries = 0; tries < 6 && tenants.view('victim').state !== 'crash_loop'; tries++) {
      const { pid } = await eventually('it runs or is in a loop', () => {
        const view = tenants.view('victim');
        return view.pid !== null || view.state === 'crash_loop' ? view : null;
      });
      if (pid !== null) process.kill(pid, 'SIGKILL');
      await eventually('that one is gone', () => tenants.view('victim').pid !== pid || pid === null);
    }
    const view = tenants.view('victim');
    expect(view).toMatchObject({ state: 'crash_loop', pid: null, problem: { code: 'TENANT_DIED' } });
    expect(view.retryAfterSeconds).toBeGreaterThanOrEqual(9);
    expect(await tenants.supervisor.get('victim')?.metrics()).toEqual([]);
    // Somebody who has mended it does not wait.
    await tenants.supervisor.restart('victim');
    await tenants.until('victim', 'ready');
    const metrics = (await tenants.supervisor.get('victim')?.metrics()) as { name: string }[];
    expect(metrics.some(({ name }) => name.startsWith('facegate_'))).toBe(true);
  });

  it('is closed in order at the end, together with the others', async () => {
    const pids = ['victim', 'neighbour'].map((id) => tenants.view(id).pid as number);
    const all = [...pids, ...pids.flatMap(descendantsOf)];
    const closing = tenants.supervisor.close();
    expect(tenants.supervisor.close()).toBe(closing);
    await closing;
    for (const id of ['victim', 'neighbour']) {
      expect(tenants.view(id)).toMatchObject({
        state: 'stopped',
        pid: null,
        lastEnd: { how: 'closed', exitCode: 0, code: null },
      });
    }
    await eventually('no process is left', () => !all.some(isAlive), 5000);
  });
});
