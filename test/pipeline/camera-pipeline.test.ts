import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../config/app-error.ts';
import { cameraPipeline } from '../../pipeline/camera-pipeline.ts';
import type { Frame } from '../../pipeline/frame.ts';
import type { FrameResult } from '../../pipeline/frame-result.ts';
import type { Analysis, AnalysisSlot, Gallery } from '../../pipeline/ports.ts';
import { fakeFrame } from '../support/fake-frame.ts';

const NOTHING: Analysis = { faces: [], timings: { detect: 3, embed: 1 } };
const settle = () => new Promise((resolve) => setImmediate(resolve));

function rig(o: { pace?: 'live' | 'file'; gallery?: Gallery; isDue?: (frame: Frame) => boolean } = {}) {
  const frames = new Subject<Frame>();
  const calls: { frame: Frame; answer: (a: Analysis) => void; fail: (e: Error) => void }[] = [];
  const results: FrameResult[] = [];
  const faults: string[] = [];
  const taken: number[] = [];
  let now = 100;
  const slot = (): AnalysisSlot => ({
    analyse: (image) =>
      new Promise((answer, fail) => {
        calls.push({ frame: image as Frame, answer, fail });
      }),
    release: () => undefined,
  });
  const subscription = cameraPipeline(frames, {
    pace: o.pace ?? 'live',
    analyser: { reserve: async () => slot() },
    gallery: o.gallery ?? { search: async (probes) => probes.map(() => []) },
    clock: { wallMs: () => now, monotonicMs: () => now },
    threshold: 0.4,
    margin: 0.05,
    ...(o.isDue && { isDue: o.isDue }),
    onTaken: (frame) => taken.push(frame.sequence),
    onFault: (error) => faults.push(error.code),
  }).subscribe((result) => results.push(result));
  return { frames, calls, results, faults, taken, subscription, at: (ms: number) => (now = ms) };
}

describe('cameraPipeline', () => {
  it('gives every frame back: analysed, dropped, failed', async () => {
    const { frames, calls, results, faults } = rig();
    const all = [1, 2, 3, 4, 5].map((sequence) => fakeFrame({ sequence, arrivedAtMs: 90 }));
    for (const frame of all) {
      frames.next(frame);
      await settle();
    }
    expect(calls.map((c) => c.frame.sequence)).toEqual([1, 2]);
    calls[0]?.answer(NOTHING);
    calls[1]?.fail(new AppError('INFERENCE_DIED', 'gone'));
    await settle();
    await settle();
    calls[2]?.answer(NOTHING);
    await settle();
    expect(results.map((r) => [r.frame.sequence, r.dropped.busy])).toEqual([
      [1, 2],
      [5, 2],
    ]);
    expect(faults).toEqual(['INFERENCE_DIED']);
    expect(all.map((f) => f.references())).toEqual([0, 0, 0, 0, 0]);
  });

  it('says of each frame that the networks have it, as soon as they do, and of no other', async () => {
    const { frames, calls, results, taken } = rig();
    frames.next(fakeFrame({ sequence: 1 }));
    // Their message leaves first.
    for (let i = 0; i < 9; i += 1) await Promise.resolve();
    expect([calls.length, taken]).toEqual([1, []]);
    await settle();
    expect(taken).toEqual([1]);
    for (const sequence of [2, 3, 4, 5]) {
      frames.next(fakeFrame({ sequence }));
      await settle();
      await settle();
    }
    // 3 and 4 waited until 5 took their place.
    expect([taken, results]).toEqual([[1, 2], []]);
    calls[0]?.fail(new AppError('INFERENCE_DIED', 'gone'));
    await settle();
    await settle();
    expect(taken).toEqual([1, 2, 5]);
    expect(calls.map((c) => c.frame.sequence)).toEqual(taken);
  });

  it.each<[string, (call: { answer(a: Analysis): void; fail(e: Error): void }, end: () => void) => void]>([
    ['answered', ({ answer }) => answer(NOTHING)],
    ['failed', ({ fail }) => fail(new AppError('INFERENCE_DIED', 'gone'))],
    ['was ended', (_call, end) => end()],
  ])('says nothing of a frame whose analysis %s at once: its pixels may be gone', async (_, happens) => {
    const { frames, calls, taken, subscription } = rig();
    const frame = fakeFrame();
    frames.next(frame);
    for (let i = 0; i < 9; i += 1) await Promise.resolve();
    happens(calls[0]!, () => subscription.unsubscribe());
    await settle();
    await settle();
    expect(taken).toEqual([]);
  });

  it('counts apart what was not its turn and what the networks had no time for', async () => {
    const { frames, calls, results } = rig({ isDue: ({ sequence }) => sequence % 2 === 1 });
    const all = Array.from({ length: 8 }, (_, i) => fakeFrame({ sequence: i + 1 }));
    for (const frame of all) {
      frames.next(frame);
      await settle();
    }
    // 1 and 3 are with the networks; 5 waited, then the newer 6, 7 and 8 in its place.
    expect(calls.map((c) => c.frame.sequence)).toEqual([1, 3]);
    calls[0]?.answer(NOTHING);
    await settle();
    calls[1]?.answer(NOTHING);
    calls[2]?.answer(NOTHING);
    await settle();
    await settle();
    expect(results.map((r) => r.frame.sequence)).toEqual([1, 3, 8]);
    expect(results.at(-1)?.dropped).toEqual({ busy: 1, thinned: 4, unchanged: 0 });
    expect(all.map((f) => f.references())).toEqual(all.map(() => 0));
  });

  it('drops no frame of a file', async () => {
    const { frames, calls, results } = rig({ pace: 'file' });
    for (const sequence of [1, 2, 3]) frames.next(fakeFrame({ sequence }));
    for (let i = 0; i < 3; i += 1) {
      await settle();
      calls[i]?.answer(NOTHING);
    }
    await settle();
    expect(results.map((r) => r.frame.sequence)).toEqual([1, 2, 3]);
  });

  it('accounts for the whole time from arrival to result', async () => {
    const { frames, calls, results, at } = rig();
    frames.next(fakeFrame({ arrivedAtMs: 90 }));
    await settle();
    at(120);
    calls[0]?.answer(NOTHING);
    await settle();
    expect(results[0]?.timings).toEqual({ queue: 26, detect: 3, embed: 1, identify: 0, total: 30 });
  });

  it('keeps the pixels of a frame in work until the networks are done, also when it is unsubscribed', async () => {
    const { frames, calls, subscription } = rig();
    const frame = fakeFrame();
    frames.next(frame);
    await settle();
    subscription.unsubscribe();
    expect(frame.references()).toBe(1);
    calls[0]?.answer(NOTHING);
    await settle();
    expect(frame.references()).toBe(0);
  });

  it('goes on after the gallery failed', async () => {
    const gallery: Gallery = { search: () => Promise.reject(new AppError('GALLERY_UNAVAILABLE', 'disk full')) };
    const { frames, calls, results, faults } = rig({ gallery });
    const face = {
      box: [0, 0, 9, 9],
      landmarks: { leftEye: [1, 1], rightEye: [5, 1], nose: [3, 3], mouthLeft: [1, 5], mouthRight: [5, 5] },
      confidence: 1,
      embedding: { model: 'm', vector: Float32Array.of(1) },
      quality: 1,
      qualitySignal: 'norm',
      qualityParts: {},
      unfit: null,
      scores: {},
    } as const;
    const [bad, good] = [fakeFrame({ sequence: 1 }), fakeFrame({ sequence: 2 })];
    frames.next(bad);
    await settle();
    frames.next(good);
    await settle();
    calls[0]?.answer({ ...NOTHING, faces: [face] });
    calls[1]?.answer(NOTHING);
    await settle();
    await settle();
    expect(faults).toEqual(['GALLERY_UNAVAILABLE']);
    expect(results.map((r) => r.frame.sequence)).toEqual([2]);
    expect([bad.references(), good.references()]).toEqual([0, 0]);
  });
});
