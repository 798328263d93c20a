import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../config/app-error.ts';
import { cameraPipeline } from '../../pipeline/camera-pipeline.ts';
import type { Frame } from '../../pipeline/frame.ts';
import type { FrameResult } from '../../pipeline/frame-result.ts';
import type { FrameTrace } from '../../pipeline/frame-trace.ts';
import { MotionGate } from '../../pipeline/motion-gate.ts';
import type { AnalyseOptions, Analysis } from '../../pipeline/ports.ts';
import { fakeFrame } from '../support/fake-frame.ts';

const settle = async () => {
  for (let i = 0; i < 4; i += 1) await new Promise((resolve) => setImmediate(resolve));
};

function rig(gate: MotionGate | null = null) {
  const frames = new Subject<Frame>();
  const calls: { options: AnalyseOptions | undefined; answer: (a: Analysis) => void; fail: (e: Error) => void }[] = [];
  const results: FrameResult[] = [];
  const drops: string[] = [];
  let now = 100;
  cameraPipeline(frames, {
    pace: 'live',
    analyser: {
      reserve: async () => ({
        analyse: (_image, options) => new Promise((answer, fail) => calls.push({ options, answer, fail })),
        release: () => undefined,
      }),
    },
    gallery: { search: async (probes) => probes.map(() => []) },
    clock: { wallMs: () => now, monotonicMs: () => now },
    threshold: 0.4,
    margin: 0.05,
    gate,
    onDrop: ({ sequence }, reason) => drops.push(`${sequence} ${reason}`),
    onFault: () => undefined,
  }).subscribe((result) => results.push(result));
  return { frames, calls, results, drops, at: (ms: number) => (now = ms) };
}

function recorded(): { trace: FrameTrace; said: string[] } {
  const said: string[] = [];
  return {
    said,
    trace: {
      span: (stage, fromMs, untilMs, place) => said.push(`${stage} ${fromMs}-${untilMs}${place ? ` in ${place}` : ''}`),
      sent: () => undefined,
      dropped: (reason) => said.push(`dropped ${reason}`),
      end: () => undefined,
    },
  };
}

describe('a frame that is followed', () => {
  it('tells what it went through, one after the other, and the networks are asked for their part', async () => {
    const { frames, calls, at } = rig();
    const { trace, said } = recorded();
    frames.next(fakeFrame({ arrivedAtMs: 90, trace }));
    await settle();
    expect(calls[0]!.options).toEqual({ trace: true });
    at(150);
    const spans = [
      { stage: 'detect', fromMs: 110, untilMs: 130 },
      { stage: 'embed', fromMs: 130, untilMs: 145 },
    ] as const;
    calls[0]!.answer({ faces: [], timings: { detect: 20, embed: 15, trace: { place: 'process 7', spans } } });
    await settle();
    expect(said).toEqual([
      'queue 90-100',
      'handover 100-110',
      'detect 110-130 in process 7',
      'embed 130-145 in process 7',
      'answer 145-150',
      'order 150-150',
      'search 150-150',
    ]);
  });

  it('is one crossing where the networks tell nothing, and says why it was not analysed', async () => {
    const { frames, calls, at } = rig();
    const [first, second, third, fourth] = [recorded(), recorded(), recorded(), recorded()];
    for (const [i, { trace }] of [first, second, third, fourth].entries()) {
      frames.next(fakeFrame({ sequence: i + 1, arrivedAtMs: 100, trace }));
      await settle();
    }
    at(130);
    calls[0]!.answer({ faces: [], timings: { detect: 1, embed: 1 } });
    calls[1]!.fail(new AppError('INFERENCE_DIED', 'gone'));
    await settle();
    expect(first.said).toContain('handover 100-130');
    expect(second.said).toContain('dropped fault');
    expect(third.said).toEqual(['dropped busy']);
    expect(fourth.said.some((each) => each.startsWith('dropped'))).toBe(false);
  });

  it('that nobody follows asks the networks for nothing more', async () => {
    const { frames, calls } = rig();
    frames.next(fakeFrame());
    await settle();
    expect(calls[0]!.options).toBeUndefined();
  });
});

describe('a camera with a motion gate', () => {
  const frame = (sequence: number) => {
    const ms = 1000 + sequence * 200;
    return fakeFrame({ sequence, arrivedAtMs: ms, ptsSeconds: ms / 1000, width: 160, height: 90 });
  };

  it('has no result for an unchanged picture, counts it, and gives its pixels back', async () => {
    const { frames, calls, results, drops } = rig(new MotionGate({ lookEveryMs: 2000 }));
    const all = Array.from({ length: 9 }, (_, i) => frame(i));
    for (const each of all) {
      frames.next(each);
      await settle();
      calls.splice(0)[0]?.answer({ faces: [], timings: { detect: 1, embed: 1 } });
      await settle();
    }
    expect(results.map((result) => result.frame.sequence)).toEqual([0, 1, 2, 3, 4]);
    expect(drops).toEqual(['5 unchanged', '6 unchanged', '7 unchanged', '8 unchanged']);
    expect(all.map((each) => each.references())).toEqual(Array(9).fill(0));
  });

  it('looks at the next picture where the networks failed', async () => {
    const { frames, calls, drops } = rig(new MotionGate({ lookEveryMs: 2000 }));
    const analysed: number[] = [];
    for (let sequence = 0; sequence < 14; sequence += 1) {
      frames.next(frame(sequence));
      await settle();
      const [call] = calls.splice(0);
      if (call) analysed.push(sequence);
      if (sequence === 4) call?.fail(new AppError('INFERENCE_DIED', 'gone'));
      else call?.answer({ faces: [], timings: { detect: 1, embed: 1 } });
      await settle();
    }
    expect(analysed).toEqual([0, 1, 2, 3, 4, 5]);
    expect(drops.length).toBe(8);
  });
});
