import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { FRAME_STAGES } from '../../pipeline/frame-trace.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { TraceFile, type TraceFileOptions } from '../../sinks/trace-file.ts';
import { overlaps, type TraceEvent } from '../support/trace-events.ts';

const dir = mkdtempSync(join(tmpdir(), 'facegate-trace-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let files = 0;

function open(options: Partial<TraceFileOptions> = {}) {
  files += 1;
  const file = join(dir, `${files}.json`);
  const trace = TraceFile.open({ file, seconds: 30, log: silentLog, toMachineMs: (ms) => ms, ...options });
  return { file, trace, events: () => JSON.parse(readFileSync(file, 'utf8')) as TraceEvent[] };
}

describe('a trace file', () => {
  it('has a track for each camera, process and viewer, on which each stage stands when it was', async () => {
    const { trace, events } = open();
    const frame = trace.begin('front', 7)!;
    frame.span('decode', 10, 14.5);
    frame.span('detect', 20, 38, 'process 4711');
    frame.sent('viewer 1', 45, 46);
    frame.end();
    trace.begin('front', 8)!.end();
    await trace.close();
    const all = events();
    const names = new Map(all.filter(({ name }) => name === 'thread_name').map(({ tid, args }) => [tid, args.name]));
    expect(
      all.filter(({ ph }) => ph === 'X').map((e) => [names.get(e.tid), e.name, e.ts, e.dur, e.args.frame]),
    ).toEqual([
      ['process 4711', 'detect', 20_000, 18_000, 7],
      ['viewer 1', 'send', 45_000, 1000, 7],
      ['front', 'decode', 10_000, 4500, 7],
      ['front', 'detect', 20_000, 18_000, 7],
    ]);
    expect(all.filter(({ name }) => name === 'process_name').map(({ args }) => args.name)).toEqual([
      'frames by camera',
      'inference processes',
      'live viewers',
    ]);
  });

  it('says of a frame that was not analysed why', async () => {
    const { trace, events } = open();
    const frame = trace.begin('front', 1)!;
    frame.span('pipe', 1, 2);
    frame.dropped('busy');
    frame.end();
    await trace.close();
    expect(events().map(({ name }) => name)).toContain('dropped: busy');
  });

  it('puts what overlaps on tracks side by side, whatever comes when', async () => {
    const span = fc.record({
      stage: fc.constantFrom(...FRAME_STAGES),
      fromMs: fc.double({ min: 0, max: 1000, noNaN: true }),
      lastsMs: fc.double({ min: 0, max: 300, noNaN: true }),
      place: fc.option(fc.constantFrom('process 1', 'process 2'), { nil: undefined }),
    });
    const frames = fc.array(fc.record({ camera: fc.constantFrom('a', 'b'), spans: fc.array(span) }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(frames, async (all) => {
        const { trace, events, file } = open();
        let expected = 0;
        for (const [sequence, { camera, spans }] of all.entries()) {
          const frame = trace.begin(camera, sequence)!;
          for (const { stage, fromMs, lastsMs, place } of spans) {
            frame.span(stage, fromMs, fromMs + lastsMs, place);
            frame.sent('viewer 1', fromMs, fromMs + lastsMs);
            expected += place ? 3 : 2;
          }
          frame.end();
        }
        await trace.close();
        const spansInFile = events().filter(({ ph }) => ph === 'X');
        expect(overlaps(events())).toEqual([]);
        expect(spansInFile.length).toBe(expected);
        rmSync(file);
      }),
      { numRuns: 50 },
    );
  });

  it('ends after its time, is whole then, and follows nothing any more', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { trace, events } = open({ seconds: 2 });
      vi.advanceTimersByTime(60_000);
      // The time runs from the first frame on.
      const frame = trace.begin('front', 1);
      expect(frame).toBeDefined();
      vi.advanceTimersByTime(2001);
      expect(trace.begin('front', 2)).toBeUndefined();
      frame!.span('decode', 1, 2);
      frame!.end();
      await trace.close();
      expect(events().filter(({ ph }) => ph === 'X')).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('grows no larger than it may, and is whole then', async () => {
    const { trace, events, file } = open({ maxBytes: 20_000 });
    for (let i = 0; i < 5000; i += 1) {
      const frame = trace.begin('front', i);
      frame?.span('decode', i, i + 1);
      frame?.end();
    }
    await trace.close();
    expect(statSync(file).size).toBeLessThanOrEqual(20_000);
    expect(statSync(file).size).toBeGreaterThan(10_000);
    expect(events().length).toBeGreaterThan(50);
  });

  it('is readable by its owner only, closed twice, and stays valid where nothing came', async () => {
    const { trace, events, file } = open();
    await Promise.all([trace.close(), trace.close()]);
    await trace[Symbol.asyncDispose]();
    expect(events().length).toBe(3);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('says at once where it cannot be written', () => {
    const refusal = (file: string) => {
      try {
        TraceFile.open({ file, seconds: 1, log: silentLog });
      } catch (error) {
        return error as { code: string; message: string };
      }
      return null;
    };
    const nowhere = join(dir, 'nowhere', 'trace.json');
    expect(refusal(nowhere)).toMatchObject({
      code: 'TRACE_UNWRITABLE',
      message: `the trace cannot be written to ${nowhere}: its folder does not exist`,
    });
    expect(refusal(dir)!.message).toContain('it is a folder; name a file in it');
    writeFileSync(join(dir, 'file'), '');
    expect(refusal(join(dir, 'file', 'trace.json'))!.message).toContain('its folder is a file');
    // Whoever is root may write everywhere.
    if (process.getuid?.() === 0) return;
    mkdirSync(join(dir, 'closed'));
    chmodSync(join(dir, 'closed'), 0o500);
    expect(refusal(join(dir, 'closed', 'trace.json'))!.message).toContain('not allowed');
  });
});
