import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findDelegatedCgroup, prepareCgroup, tenantCgroup } from '../../../tenants/limits/cgroup.ts';
import { findOnPath, type Machine, planLaunch } from '../../../tenants/limits/launch-plan.ts';
import { MemoryWatch } from '../../../tenants/limits/memory-watch.ts';
import { nicerBy } from '../../../tenants/limits/niceness.ts';
import { ProcessTable, proportionalBytes } from '../../../tenants/limits/process-tree.ts';
import { processorsOf } from '../../../tenants/limits/processor-list.ts';
import { visibleDevices } from '../../../tenants/place-tenant.ts';
import { NO_LIMITS } from '../../support/tenant-directory.ts';

const programs = { taskset: '/usr/bin/taskset', nice: '/usr/bin/nice' };
const plain: Machine = { cgroup: { none: 'this machine has no cgroups of version 2' }, ...programs };
const full: Machine = {
  cgroup: { path: '/g', controllers: new Set(['cpu', 'cpuset', 'memory'] as const) },
  ...programs,
};
const GIB = 2 ** 30;

describe('how limits are held', () => {
  it('is not at all where there are none', () => {
    expect(planLaunch(NO_LIMITS, full)).toEqual({
      before: [],
      execArgv: [],
      cgroup: null,
      watchBytes: null,
      measures: [],
    });
  });

  it('is by affinity, niceness, heap and a watch where there are no cgroups, and says so', () => {
    const plan = planLaunch({ ...NO_LIMITS, cpus: '0,2-3', cpuShare: 50, memoryBytes: 2 * GIB }, plain);
    expect(plan).toMatchObject({
      before: ['/usr/bin/nice', '-n', '3', '/usr/bin/taskset', '-c', '0,2-3'],
      execArgv: ['--max-old-space-size=1024'],
      cgroup: null,
      watchBytes: 2 * GIB,
    });
    expect(plan.measures.map(({ limit, by }) => [limit, by])).toEqual([
      ['cpuShare', 'niceness'],
      ['cpus', 'affinity'],
      ['memory', 'watch'],
    ]);
    expect(plan.measures[2]?.note).toContain('this machine has no cgroups of version 2');
  });

  it('is by cgroups where they are, with the affinity that tells how many networks there are to be', () => {
    const plan = planLaunch({ ...NO_LIMITS, cpus: '1', cpuShare: 300, memoryBytes: GIB }, full);
    expect(plan).toMatchObject({
      before: ['/usr/bin/taskset', '-c', '1'],
      cgroup: { cpus: '1', cpuShare: 300, memoryBytes: GIB },
      watchBytes: GIB,
    });
    expect(new Set(plan.measures.map(({ by }) => by))).toEqual(new Set(['cgroup']));
  });

  it.each([
    [{ ...NO_LIMITS, cpuShare: 200 }, plain, 'niceness cannot give more than others have'],
    [{ ...NO_LIMITS, cpus: '0' }, { ...plain, taskset: null }, 'there is no program "taskset"'],
    [{ ...NO_LIMITS, cpuShare: 10 }, { ...plain, nice: null }, 'there is no program "nice"'],
  ])('is by nothing where it cannot be, and says so', (limits, machine, why) => {
    const { measures, before } = planLaunch(limits, machine);
    expect(before).toEqual([]);
    expect(measures).toMatchObject([{ by: 'nothing', note: expect.stringContaining(why) }]);
  });

  it.each([
    [100, 0],
    [80, 1],
    [50, 3],
    [10, 10],
    [1, 14],
    [1000, 0],
  ])('gives a share of %i a niceness of %i', (share, steps) => {
    expect(nicerBy(share)).toBe(steps);
  });

  it.each([
    ['0', [0]],
    ['0,2-4', [0, 2, 3, 4]],
    ['3,1-3', [1, 2, 3]],
    ['3-1', null],
    ['a', null],
    ['', null],
  ])('reads %j as processors', (list, processors) => {
    expect(processorsOf(list)).toEqual(processors);
  });

  it('finds programs on the PATH only', () => {
    expect(findOnPath('sh', '/nowhere::/bin')).toBe('/bin/sh');
    expect(findOnPath('sh', '/nowhere')).toBeNull();
    expect(findOnPath('sh', undefined)).toBeNull();
  });
});

describe('cgroups of version 2, as files', () => {
  const root = mkdtempSync(join(tmpdir(), 'facegate-cgroup-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const proc = (mountinfo: string, own: string) => {
    const folder = mkdtempSync(join(root, 'proc-'));
    writeFileSync(join(folder, 'mountinfo'), mountinfo);
    writeFileSync(join(folder, 'cgroup'), own);
    return { procSelf: folder };
  };
  const unit = join(root, 'fs/system.slice/facegate.service');
  mkdirSync(unit, { recursive: true });
  for (const [file, text] of [
    ['cgroup.controllers', 'cpuset cpu io memory pids\n'],
    ['cgroup.procs', '17\n18\n'],
    ['cgroup.subtree_control', ''],
    ['cgroup.type', 'domain\n'],
  ] as const) {
    writeFileSync(join(unit, file), text);
  }
  const mount = `25 30 0:26 / ${root}/fs rw,nosuid - cgroup2 cgroup2 rw\n`;

  it('that were handed over are found, and each tenant has one below', () => {
    const found = findDelegatedCgroup(proc(mount, '0::/system.slice/facegate.service\n'));
    if ('none' in found) throw new Error(found.none);
    expect(found).toEqual({ path: unit, controllers: new Set(['cpu', 'cpuset', 'memory']) });
    prepareCgroup(found);
    // The kernel takes one number a write; the last one is what a plain file keeps.
    expect(readFileSync(join(unit, 'facegate-gateway/cgroup.procs'), 'utf8')).toBe('18');
    expect(readFileSync(join(unit, 'cgroup.subtree_control'), 'utf8')).toBe('+cpu +cpuset +memory');
    const group = tenantCgroup(found, 'doors', { cpus: '0-1', cpuShare: 50, memoryBytes: GIB });
    group.add(4711);
    const held = (file: string) => readFileSync(join(unit, 'tenant-doors', file), 'utf8');
    expect([held('cpuset.cpus'), held('cpu.weight'), held('memory.max'), held('cgroup.procs')]).toEqual([
      '0-1',
      '50',
      String(GIB),
      '4711',
    ]);
  });

  it('in which the gateway was put by its predecessor are the same ones', () => {
    const again = proc(mount, '0::/system.slice/facegate.service/facegate-gateway\n');
    expect(findDelegatedCgroup(again)).toMatchObject({ path: unit });
  });

  it.each([
    ['without such a mount', proc('25 30 0:26 / /sys rw - sysfs sysfs rw\n', '0::/\n'), 'no cgroups of version 2'],
    ['in none of them', proc(mount, '9:name=systemd:/\n'), 'in no cgroup of version 2'],
    ['in one that is not there', proc(mount, '0::/elsewhere\n'), 'there is no cgroup of version 2'],
  ])('are not used %s', (_, place, why) => {
    expect(findDelegatedCgroup(place)).toEqual({ none: expect.stringContaining(why) });
  });
});

describe('memory of all processes of a tenant', () => {
  const one = (pid: number, residentBytes: number) => ({ pid, residentBytes, startTicks: '1', state: 'S' });
  const MIB = 2 ** 20;

  it('is fine up to nearly its limit, past it from there on, and not waited for half as much above', () => {
    const watch = new MemoryWatch(100 * MIB, () => null);
    const verdicts = [90, 99, 149, 151].map((mb, i) => {
      watch.look([one(1, (mb - 10) * MIB), one(2, 10 * MIB)], i * 3_600_000);
      return watch.verdict;
    });
    expect(verdicts).toEqual(['fine', 'past', 'past', 'runaway']);
    expect(watch.words()).toBe('its processes take 151 MiB, and may take 100');
  });

  it('is not waited for where it would be there before it has closed', () => {
    const watch = new MemoryWatch(100 * MIB, () => null);
    const look = (mb: number, seconds: number) => {
      watch.look([one(1, mb * MIB)], seconds * 1000);
      return watch.verdict;
    };
    // 9 MiB a second are 45 in the five seconds that it has; 11 are 55.
    expect([look(80, 0), look(98, 2), look(120, 4)]).toEqual(['fine', 'past', 'runaway']);
    expect(look(110, 6)).toBe('past');
    // One step, looked at often.
    expect([look(110, 100), look(110, 100.5), look(125, 101), look(125, 101.5)]).toEqual(Array(4).fill('past'));
  });

  it('counts what they share once', () => {
    const watch = new MemoryWatch(100 * MIB, () => 40 * MIB);
    expect(watch.look([one(1, 80 * MIB), one(2, 80 * MIB)], 0)).toBe(80 * MIB);
    expect(watch.verdict).toBe('fine');
  });

  it('without a limit is only told', () => {
    const watch = new MemoryWatch(null);
    expect(watch.look([one(1, 10 ** 12)], 0)).toBe(10 ** 12);
    expect(watch.verdict).toBe('fine');
  });

  it.skipIf(process.platform !== 'linux')('is that of this process, as the kernel tells it', () => {
    const own = ProcessTable.read()?.treeOf(process.pid)[0];
    expect(own?.residentBytes).toBeGreaterThan(process.memoryUsage.rss() * 0.8);
    expect(own?.residentBytes).toBeLessThan(process.memoryUsage.rss() * 1.25);
    expect(proportionalBytes(process.pid)).toBeLessThanOrEqual(process.memoryUsage.rss() * 1.1);
  });
});

describe('GPUs that a tenant sees', () => {
  it('are those of its device, none for the CPU, and as before where it names none', () => {
    expect(visibleDevices({ device: undefined }, null)).toEqual({});
    expect(visibleDevices({ device: 'cpu' }, null)).toEqual({
      CUDA_VISIBLE_DEVICES: '',
      CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    });
    expect(visibleDevices({ device: { gpu: 1 } }, { visible: 'GPU-1' })).toMatchObject({
      CUDA_VISIBLE_DEVICES: 'GPU-1',
    });
  });
});
