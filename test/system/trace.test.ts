import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Receipt, stageAccount } from '../../bench/live/stage-account.ts';
import { median } from '../../bench/report.ts';
import { machineMs } from '../../pipeline/machine-clock.ts';
import { descendantsOf } from '../support/child-processes.ts';
import { eventually } from '../support/eventually.ts';
import { startFacegate } from '../support/facegate-process.ts';
import { liveParts } from '../support/live-client.ts';
import { requirement, sharedDir } from '../support/requirements.ts';
import { overlaps, type TraceEvent } from '../support/trace-events.ts';

/** Those that a frame with a face goes through, where no scorer is configured. */
const EVERY_FRAME = [
  ...['decode', 'scale', 'pipe', 'queue', 'handover', 'preprocess', 'detect', 'postprocess', 'align', 'embed'],
  ...['answer', 'order', 'search', 'decide', 'encode', 'send'],
];

describe.skipIf(!requirement('shared').met || !requirement('ffmpeg').met)('serve with a camera and a viewer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-trace-'));
  const config = join(folder, 'facegate.yaml');
  beforeAll(() => {
    const url = `file:${join(sharedDir, 'media/walk-to-camera-1080p25.mp4')}`;
    const cameras = [{ id: 'front', url, realtime: true, loop: true, fps: 5 }];
    // Which says no to the strangers in the film: what is told is followed, too.
    const doors = [{ id: 'lobby', cameras: ['front'], confirm: { matches: 1 }, cooldown: '0s' }];
    writeFileSync(config, JSON.stringify({ server: { port: 0 }, cameras, doors }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** @returns what a client got while `until` was not so, and the command lines of the children. */
  async function watched(args: readonly string[], until: (got: readonly Receipt[]) => boolean) {
    const data = ['--config', config, '--data', join(folder, 'data')];
    await using facegate = await startFacegate(['serve', ...data, ...args]);
    const socket = new WebSocket(`${facegate.address.replace('http', 'ws')}/ws/live`, { perMessageDeflate: false });
    const got: Receipt[] = [];
    socket.on('message', (message: Buffer) => {
      const atMs = machineMs();
      const { camera, sequence } = liveParts(message).json;
      got.push({ camera, sequence, atMs });
    });
    try {
      await eventually('enough frames', () => until(got), 60_000);
      const children = descendantsOf(facegate.pid).flatMap((pid) => commandLine(pid));
      return { got, children };
    } finally {
      socket.terminate();
      await facegate.stop();
    }
  }

  it('accounts for the whole time of a frame within 5 %, on tracks without overlap, and ends by itself', {
    timeout: 120_000,
  }, async () => {
    const file = join(folder, 'trace.json');
    const ended = () => existsSync(file) && readFileSync(file, 'utf8').endsWith(']\n');
    const { got, children } = await watched(['--trace', file, '--trace-seconds', '10'], ended);
    expect(children.join('\n')).toContain('-debug_ts');
    const events = JSON.parse(readFileSync(file, 'utf8')) as TraceEvent[];
    expect(overlaps(events)).toEqual([]);
    expect(events.filter(({ ph }) => ph === 'X').every(({ ts, dur }) => ts > 0 && dur >= 0)).toBe(true);

    const ofFrames = events.filter(({ ph, pid }) => ph === 'X' && pid === 1);
    const records = ofFrames.filter(({ name }) => name === 'record');
    expect(records.length).toBeGreaterThan(0);
    for (const { ts, dur, args } of records) {
      const own = ofFrames.filter(({ args: other }) => other.frame === args.frame);
      expect(own.find(({ name }) => name === 'decide')).toMatchObject({ ts: expect.toSatisfy((from) => from <= ts) });
      expect(own.find(({ name }) => name === 'tell')).toMatchObject({ ts: ts + dur });
    }
    const { stages, sums, wholes } = stageAccount(events, got);
    expect(sums.length).toBeGreaterThan(15);
    for (const stage of EVERY_FRAME) {
      expect([stage, stages.get(stage as never)!.filter((ms) => ms >= 0).length]).toEqual([stage, sums.length]);
    }
    for (const stage of ['decode', 'scale', 'pipe', 'handover', 'detect', 'embed', 'encode'])
      expect([stage, median(stages.get(stage as never)!) > 0]).toEqual([stage, true]);
    const missing = wholes.map((whole, i) => (whole - sums[i]!) / whole);
    expect(Math.abs(median(missing))).toBeLessThan(0.05);
    // A stage that nobody told of would be missed.
    const withoutDetect = wholes.map((whole, i) => (whole - sums[i]! + stages.get('detect')![i]!) / whole);
    expect(median(withoutDetect)).toBeGreaterThan(0.05);
  });

  it('writes nothing, and asks nothing of ffmpeg, without --trace', { timeout: 120_000 }, async () => {
    const before = readdirSync(folder).sort();
    const { children } = await watched([], (got) => got.length > 3);
    expect(children.join('\n')).toContain('showinfo');
    expect(children.join('\n')).not.toContain('-debug_ts');
    expect(readdirSync(folder).sort()).toEqual([...new Set([...before, 'data'])].sort());
  });

  it.each([
    [
      ['--trace', '/nowhere/trace.json'],
      'the trace cannot be written to /nowhere/trace.json: its folder does not exist',
    ],
    [['--trace-seconds', '5'], '--trace-seconds says how long; --trace FILE says where to'],
    [['--trace', 'x.json', '--trace-seconds', '0'], '--trace-seconds must be a whole number from 1 to 600, got "0"'],
  ])('refuses %j at the start', { timeout: 60_000 }, async (args, words) => {
    await expect(
      startFacegate(['serve', '--config', config, '--data', join(folder, 'other'), ...args]),
    ).rejects.toThrow(words);
    expect(existsSync(join(folder, 'other'))).toBe(false);
  });
});

function commandLine(pid: number): string[] {
  try {
    return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
  } catch {
    return []; // It ended between the two looks.
  }
}
