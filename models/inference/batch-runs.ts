import type { NetworkOutputs } from '../runtime/session.ts';

/** Sizes of batches that a network is run with: 1, 2, 4 … up to `most`. Few of them, so that a GPU's arena does not grow. */
export function batchSizesUpTo(most: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size <= most; size *= 2) sizes.push(size);
  return sizes;
}

export interface BatchRun {
  /** Index of its first member. */
  readonly from: number;
  readonly size: number;
}

/** @param sizes ascending, from 1. @returns as few runs as make up `count`: 7 are 4, 2 and 1. */
export function batchRuns(count: number, sizes: readonly number[]): BatchRun[] {
  const runs: BatchRun[] = [];
  for (let from = 0; from < count; from += runs.at(-1)!.size) {
    runs.push({ from, size: sizes.findLast((size) => size <= count - from) ?? 1 });
  }
  return runs;
}

/** What a run of `size` says of one of its members: in all our networks the batch is the first dimension. */
export function outputsOf(outputs: NetworkOutputs, index: number, size: number): NetworkOutputs {
  if (size === 1) return outputs;
  const own: Record<string, Float32Array> = {};
  for (const name in outputs) {
    const values = outputs[name]!;
    const length = values.length / size;
    own[name] = values.subarray(index * length, (index + 1) * length);
  }
  return own;
}
