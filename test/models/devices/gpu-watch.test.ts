import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BusyTime, type GpuReading, GpuWatch, type GpuWatchOptions } from '../../../models/devices/gpu-watch.ts';
import { isAlive } from '../../support/child-processes.ts';
import { fakeNvidiaSmi } from '../../support/fake-nvidia-smi.ts';
import { recordedLog } from '../../support/recorded-log.ts';

const GPU = 'GPU-6513270e-269e-4d37-b2a7-4de452e6b438';
const SLICE = 'MIG-d23f0824-128b-5f33-8c5c-7fd0a6a3a450';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facegate-nvidia-smi-'));
});

afterEach(() => rm(folder, { recursive: true }));

/** It notes when it begins. */
const nvidiaSmi = (script: string) => fakeNvidiaSmi(folder, `echo "begin $*" >> asked\n${script}`);

const asked = async () =>
  (await readFile(join(folder, 'asked'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

const gpuXml = (usedMb: number, totalMb = 15_360) => `<?xml version="1.0" ?>
<nvidia_smi_log><driver_version>535.129.03</driver_version><gpu id="0"><product_name>Tesla T4</product_name>
<mig_mode><current_mig>N/A</current_mig><pending_mig>N/A</pending_mig></mig_mode><uuid>${GPU}</uuid>
<fb_memory_usage><total>${totalMb} MiB</total><used>${usedMb} MiB</used><free>${totalMb - usedMb} MiB</free></fb_memory_usage>
<utilization><gpu_util>37 %</gpu_util></utilization></gpu></nvidia_smi_log>`;

/** As in a container that was given one slice. */
const sliceXml = (memory: (mb: number) => string) => `<?xml version="1.0" ?>
<nvidia_smi_log><gpu id="0"><product_name>NVIDIA H100 PCIe</product_name>
<mig_mode><current_mig>Enabled</current_mig><pending_mig>Enabled</pending_mig></mig_mode><uuid>${GPU}</uuid>
<mig_devices><mig_device><index>0</index><gpu_instance_id>9</gpu_instance_id><compute_instance_id>0</compute_instance_id>
<fb_memory_usage><total>${memory(9984)}</total><used>${memory(2000)}</used><free>${memory(7984)}</free></fb_memory_usage></mig_device></mig_devices>
<fb_memory_usage><total>Insufficient Permissions</total><free>Insufficient Permissions</free></fb_memory_usage></gpu></nvidia_smi_log>`;

const saysFile = async (text: string) => writeFile(join(folder, 'answer'), text);
const CAT = 'cat answer';

function watch(options: Partial<GpuWatchOptions> = {}) {
  const high: GpuReading[] = [];
  const busy: (BusyTime & Pick<GpuReading, 'device'>)[] = [];
  const log = recordedLog();
  const gpus = new GpuWatch({
    devices: () => ['cuda:0'],
    environment: { PATH: [folder, process.env.PATH].join(delimiter) },
    everyMs: 5,
    onMemoryHigh: (reading) => void high.push(reading),
    onBusy: ({ device }, time) => void busy.push({ device, ...time }),
    log,
    ...options,
  });
  return { gpus, high, busy, said: () => log.lines.map(({ message }) => message) };
}

const until = (isSo: () => void | Promise<void>) => vi.waitFor(isSo, { timeout: 5000, interval: 5 });

describe('GpuWatch', () => {
  it('reads memory and utilization of the GPU that the networks run on', async () => {
    await saysFile(gpuXml(4096));
    await nvidiaSmi(CAT);
    const { gpus } = watch();
    await until(() => expect(gpus.readings()).toHaveLength(1));
    expect(gpus.readings()).toEqual([
      {
        device: GPU,
        label: 'GPU 0 (Tesla T4)',
        usedBytes: 4096 * 2 ** 20,
        totalBytes: 15_360 * 2 ** 20,
        utilization: 0.37,
      },
    ]);
    await gpus.close();
    expect(gpus.readings()).toEqual([]);
  });

  it('reads the slice where the figures of the GPU are refused', async () => {
    await saysFile(sliceXml((mb) => `${mb} MiB`));
    await nvidiaSmi(
      `case "$1" in -L) printf 'GPU 0: NVIDIA H100 PCIe (UUID: ${GPU})\\n  MIG 1g.10gb     Device  0: (UUID: ${SLICE})\\n';; *) ${CAT};; esac`,
    );
    const { gpus } = watch({ devices: () => [SLICE, 'cuda:0'] });
    await until(() => expect(gpus.readings()).toHaveLength(1));
    expect(gpus.readings()[0]).toMatchObject({ device: SLICE, usedBytes: 2000 * 2 ** 20, utilization: null });
    await gpus.close();
  });

  it('says once that nobody tells, and again when somebody does', async () => {
    await saysFile(sliceXml(() => 'Insufficient Permissions'));
    await nvidiaSmi(CAT);
    const { gpus, said } = watch();
    await until(async () => expect((await asked()).length).toBeGreaterThan(6));
    expect(said()).toEqual(['GPU memory is not watched: it does not tell the memory of what the networks run on']);
    await saysFile(gpuXml(100));
    await until(() => expect(gpus.readings()).toHaveLength(1));
    expect(said()).toHaveLength(2);
    await gpus.close();
  });

  it('knows nothing more once nvidia-smi fails', async () => {
    await saysFile(gpuXml(100));
    await nvidiaSmi(CAT);
    const { gpus, said } = watch();
    await until(() => expect(gpus.readings()).toHaveLength(1));
    await nvidiaSmi('echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18');
    await until(() => expect(gpus.readings()).toEqual([]));
    expect(said()).toEqual(['GPU memory is not watched: Failed to initialize NVML: Driver/library version mismatch']);
    await gpus.close();
  });

  it('tells that more than 90 % of the memory is taken, once, until it was below 85 %', async () => {
    const total = 10_000;
    await saysFile(gpuXml(9000, total));
    await nvidiaSmi(CAT);
    const { gpus, high } = watch();
    const takes = async (usedMb: number) => {
      await writeFile(join(folder, 'next'), gpuXml(usedMb, total));
      await rename(join(folder, 'next'), join(folder, 'answer'));
      const bytes = usedMb * 2 ** 20;
      await until(() => expect(gpus.readings()[0]?.usedBytes).toBe(bytes));
    };
    await takes(9000);
    expect(high).toEqual([]);
    await takes(9001);
    expect(high).toHaveLength(1);
    expect(high[0]).toMatchObject({ device: GPU, usedBytes: 9001 * 2 ** 20 });
    await takes(8600);
    await takes(9500);
    expect(high).toHaveLength(1);
    await takes(8499);
    await takes(9500);
    expect(high).toHaveLength(2);
    await gpus.close();
  });

  const times = (looks: number, percent: string) => Array<string>(looks).fill(percent);

  it.each<[what: string, percent: string[], means: number[]]>([
    ['six looks over 90 %, each look counting', [...times(5, '91'), '97'], [0.92]],
    ['only once while it goes on', times(20, '95'), [0.95]],
    ['not five', times(5, '100'), []],
    ['not with one of 90 % between them', [...times(5, '95'), '90', ...times(5, '95')], []],
    ['not with one between them that nobody told', [...times(5, '95'), 'N/A', ...times(5, '95')], []],
    ['not with one between them that failed', [...times(5, '95'), 'fail', ...times(5, '95')], []],
    ['not again after five below 80 %', [...times(6, '95'), ...times(5, '79'), ...times(6, '95')], [0.95]],
    ['not again after six of 80 %', [...times(6, '95'), ...times(6, '80'), ...times(6, '95')], [0.95]],
    [
      'not again after six below 80 % that were not in a row',
      [...times(6, '95'), ...times(3, '79'), '85', ...times(3, '79'), ...times(6, '95')],
      [0.95],
    ],
    ['not again because a look failed', [...times(6, '95'), 'fail', ...times(6, '95')], [0.95]],
    ['again after six below 80 %', [...times(6, '95'), ...times(6, '79'), ...times(6, '99')], [0.95, 0.99]],
  ])('tells that a GPU is busy: %s', async (_, percent, means) => {
    await saysFile(gpuXml(100));
    await writeFile(join(folder, 'utilizations'), percent.map((each) => `${each}\n`).join(''));
    // After those, 85 %: that makes nothing busy, and ends nothing.
    await nvidiaSmi(
      `u=$(sed -n "$(($(wc -l < asked)))p" utilizations)
[ "$u" = fail ] && exit 1
case "$u" in N/A) ;; '') u='85 %' ;; *) u="$u %" ;; esac
sed "s|37 %|$u|" answer`,
    );
    const { gpus, busy } = watch({ everyMs: 1 });
    // They are asked for one after the other: those before the last one have been judged.
    await until(async () => expect((await asked()).length).toBeGreaterThan(percent.length + 1));
    await gpus.close();
    expect(busy.map(({ utilization }) => Math.round(utilization * 1000) / 1000)).toEqual(means);
    for (const each of busy) expect(each).toMatchObject({ device: GPU, overMs: 6 });
  });

  it('never has two running, however long one takes', async () => {
    await nvidiaSmi('sleep 0.05\necho "end" >> asked\nexit 1');
    const { gpus } = watch({ everyMs: 1 });
    await until(async () => expect((await asked()).length).toBeGreaterThanOrEqual(8));
    await gpus.close();
    const lines = (await asked()).map((line) => line.split(' ')[0]);
    for (const [i, line] of lines.entries()) if (line === 'begin' && i > 0) expect(lines[i - 1]).toBe('end');
  });

  it('kills one that does not answer, and goes on', async () => {
    await nvidiaSmi('echo $$ >> pids\nexec sleep 600');
    const { gpus, said } = watch({ timeoutMs: 100 });
    await until(async () => expect((await asked()).length).toBeGreaterThanOrEqual(3));
    await gpus.close();
    expect(said()).toEqual(['GPU memory is not watched: nvidia-smi did not answer within 0.1 s']);
    for (const pid of await pids()) await until(() => expect(isAlive(pid)).toBe(false));
  });

  it('close ends the one that runs, is idempotent, and nothing is asked after it', async () => {
    await nvidiaSmi('echo $$ >> pids\nexec sleep 600');
    const { gpus, said } = watch();
    await until(async () => expect(await pids()).toHaveLength(1));
    const before = performance.now();
    await Promise.all([gpus.close(), gpus.close()]);
    await gpus.close();
    expect(performance.now() - before).toBeLessThan(1500);
    const [pid] = await pids();
    await until(() => expect(isAlive(pid as number)).toBe(false));
    expect(await asked()).toHaveLength(1);
    expect(said()).toEqual([]);
  });

  it('close while it waits for its next turn', async () => {
    await saysFile(gpuXml(100));
    await nvidiaSmi(CAT);
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const { gpus } = watch({ everyMs: 60_000 });
    await until(() => expect(gpus.readings()).toHaveLength(1));
    await gpus.close();
    expect(await asked()).toHaveLength(1);
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

async function pids(): Promise<number[]> {
  const text = await readFile(join(folder, 'pids'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}
