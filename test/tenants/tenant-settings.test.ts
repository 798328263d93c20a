import { existsSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type SupervisedTenants, superviseTenants } from '../support/supervised-tenants.ts';

const door = (allow: string[]) => ({ id: 'lobby', cameras: ['front'], allow });
const settings = (allow: string[] = []) => ({ cameras: [{ id: 'front', url: 'test:' }], doors: [door(allow)] });
const first = { id: 'first', settings: settings() };
const second = { id: 'second', settings: settings() };

vi.setConfig({ testTimeout: 200_000, hookTimeout: 200_000 });

it('a tenant whose turn to start has not come is on its way, and one that never got it is stopped', async () => {
  const { supervisor, view, [Symbol.asyncDispose]: close } = superviseTenants({ tenants: [first, second] });
  expect([view('first'), view('second')]).toMatchObject([
    { state: 'starting', pid: null },
    { state: 'starting', pid: null },
  ]);
  const tenant = supervisor.get('second');
  await close();
  expect(tenant?.view()).toMatchObject({ state: 'stopped', restarts: 0 });
});

describe('tenants whose settings change', () => {
  let tenants: SupervisedTenants;
  beforeAll(async () => {
    tenants = superviseTenants({ tenants: [first, second, { id: 'third', settings: { cameras: 3 } }] });
    await tenants.supervisor.start();
  });
  afterAll(() => tenants[Symbol.asyncDispose]());

  it('start without the one whose settings are wrong, which says why and is not tried again', () => {
    expect(tenants.view('third')).toMatchObject({
      state: 'refused',
      pid: null,
      restarts: 0,
      retryAfterSeconds: null,
      problem: { code: 'CONFIG_INVALID', message: expect.stringContaining('cameras must be a list, got 3') },
    });
    expect(tenants.view('first')).toMatchObject({ state: 'ready', problem: null });
  });

  it('that only a running tenant can refuse end with an exit code of their own, and are not tried again', async () => {
    tenants.apply({ tenants: [first, second, { id: 'third', settings: { steps: ['nowhere.mjs'] } }] });
    const view = await tenants.until('third', 'refused', ({ lastEnd }) => lastEnd !== null);
    expect(view).toMatchObject({
      lastEnd: { how: 'died', exitCode: 78, signal: null, code: 'CONFIG_INVALID' },
      problem: { code: 'CONFIG_INVALID', message: expect.stringContaining('nowhere.mjs') },
    });
  });

  it('are right again: it starts, and the others do not notice', async () => {
    const pids = [tenants.view('first').pid, tenants.view('second').pid];
    tenants.apply({ tenants: [first, second, { id: 'third', settings: {} }] });
    await tenants.until('third', 'ready');
    expect([tenants.view('first').pid, tenants.view('second').pid]).toEqual(pids);
  });

  it('that hold at once are taken over by the process there is', async () => {
    const { pid } = tenants.view('first');
    const allowed = async () => {
      const { body } = await tenants.ask('first', '/doors');
      return JSON.stringify(body).includes('Ada');
    };
    expect(await allowed()).toBe(false);
    tenants.apply({ tenants: [{ ...first, settings: settings(['Ada']) }, second, { id: 'third', settings: {} }] });
    await eventually('the door knows Ada', allowed);
    expect(tenants.view('first').pid).toBe(pid);
  });

  it('that need another process get one, when the last one is closed', async () => {
    const before = tenants.view('first');
    const other = tenants.view('second').pid;
    tenants.apply({
      tenants: [
        { ...first, settings: { ...settings(), recognition: { margin: 0.1 } } },
        second,
        { id: 'third', settings: {} },
      ],
    });
    const after = await tenants.until('first', 'ready', ({ pid }) => pid !== before.pid);
    expect(after).toMatchObject({ restarts: before.restarts + 1, lastEnd: { how: 'closed', exitCode: 0 } });
    expect(tenants.view('second').pid).toBe(other);
  });

  it('that cannot be read leave a running tenant as it is', async () => {
    const { pid } = tenants.view('second');
    const former = tenants.view('first').pid;
    tenants.apply({ tenants: [first, { id: 'second', settings: { cameras: 3 } }, { id: 'third', settings: {} }] });
    const why = 'it goes on with the settings that it has: tenant "second"';
    expect(tenants.view('second')).toMatchObject({ state: 'ready', pid, problem: { code: 'CONFIG_INVALID' } });
    expect(tenants.view('second').problem?.message).toContain(why);
    expect(tenants.views.at(-1)).toMatchObject({ id: 'second', problem: { code: 'CONFIG_INVALID' } });
    const said = tenants.log.lines.filter(({ message }) =>
      message.includes('it goes on with the settings that it has'),
    );
    expect(said).toHaveLength(1);
    await eventually('it is in its own log', () =>
      readFileSync(join(tenants.folder, 'logs/second.log'), 'utf8').includes('the settings stay as they were'),
    );
    tenants.apply({ tenants: [first, second, { id: 'third', settings: {} }] });
    expect(tenants.view('second')).toMatchObject({ state: 'ready', pid, problem: null });
    expect(tenants.views.at(-1)).toMatchObject({ id: 'second', problem: null });
    // Its margin is as it was before: another process, which the next test is not to meet half-way.
    await tenants.until('first', 'ready', (view) => view.pid !== null && view.pid !== former);
  });

  it('come and go', async () => {
    await tenants.until('first', 'ready');
    const { pid } = tenants.view('first');
    tenants.apply({ tenants: [first, { id: 'fourth', settings: {} }] });
    expect(tenants.supervisor.list().map(({ id }) => id)).toEqual(['first', 'fourth']);
    expect(tenants.supervisor.get('second')).toBeUndefined();
    await tenants.until('fourth', 'ready');
    await eventually('the others were stopped', () => {
      const last = new Map(tenants.views.map((view) => [view.id, view]));
      return ['second', 'third'].every((id) => last.get(id)?.state === 'stopped');
    });
    expect(tenants.view('first').pid).toBe(pid);
    // What was is still there for whoever comes back under that name.
    expect(existsSync(join(tenants.folder, 'data/tenants/second/events.db'))).toBe(true);
    await expect(tenants.supervisor.restart('second')).rejects.toMatchObject({ code: 'TENANT_NOT_FOUND' });
  });

  it('let one go and come back at once, which starts when its folder is free', async () => {
    const { pid } = tenants.view('fourth');
    tenants.apply({ tenants: [first] });
    tenants.apply({ tenants: [first, { id: 'fourth', settings: {} }] });
    const view = await tenants.until('fourth', 'ready');
    expect(view.pid).not.toBe(pid);
    expect(view.lastEnd).toBeNull();
  });
});

describe('a tenant with limits', () => {
  it('that takes more memory than it may is ended, and says so', async () => {
    await using tenants = superviseTenants({
      tenants: [{ id: 'greedy', settings: {}, limits: { memory: '128 MiB' } }],
    });
    void tenants.supervisor.start();
    const view = await tenants.until('greedy', 'crash_loop');
    expect(view.problem).toMatchObject({
      code: 'TENANT_OUT_OF_MEMORY',
      message: expect.stringMatching(/^its processes take \d+ MiB, and may take 128$/),
    });
    expect(view.measures).toMatchObject([{ limit: 'memory' }]);
  });

  it.skipIf(process.platform !== 'linux')(
    'runs on its processors, and as nice as its share is small',
    async () => {
      await using tenants = superviseTenants({
        tenants: [{ id: 'small', settings: {}, limits: { cpus: '0', cpuShare: 50 } }],
      });
      await tenants.supervisor.start();
      const { pid, measures } = await tenants.until('small', 'ready');
      const of = (each: number) =>
        /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync(`/proc/${each}/status`, 'utf8'))?.[1];
      expect(of(pid as number)).toBe('0');
      expect(measures.map(({ limit, by }) => [limit, by])).toContainEqual([
        'cpus',
        expect.stringMatching(/affinity|cgroup/),
      ]);
      if (measures.some(({ by }) => by === 'niceness')) {
        expect(getPriority(pid as number) - getPriority()).toBe(3);
      }
      // One network process a processor that it may use.
      const { body } = await tenants.ask('small', '/ready');
      expect(JSON.stringify(body)).toContain('"processes":1');
    },
    60_000,
  );

  it('sees nothing of the gateway’s environment but what finds drivers', async () => {
    await using tenants = superviseTenants(
      { tenants: [{ id: 'alone', device: 'cpu', settings: {} }] },
      { SECRET_OF_THE_GATEWAY: 'x', CUDA_CACHE_PATH: '/nowhere' },
    );
    await tenants.supervisor.start();
    const { pid, device } = await tenants.until('alone', 'ready');
    expect(device).toBe('cpu');
    if (process.platform !== 'linux') return;
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    expect(environment.filter((line) => line.startsWith('SECRET'))).toEqual([]);
    expect(environment).toContain('CUDA_VISIBLE_DEVICES=');
    expect(environment).toContain('CUDA_CACHE_PATH=/nowhere');
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain('alone');
  });
});
