import { AppError } from '../../config/app-error.ts';
import { deviceTrouble } from '../runtime/device-trouble.ts';
import type { Session } from '../runtime/session.ts';
import { batchSizesUpTo } from './batch-runs.ts';

/** Frames that a process may be given at once, and how long it waits for them, milliseconds. */
export interface BatchSettings {
  readonly most: number;
  readonly within: number;
}

/** Whether a provider gains from batches: a CPU takes four times as long for four. */
export type GainsFromBatches = (provider: string) => boolean;

export const gainsFromBatches: GainsFromBatches = (provider) => provider !== 'cpu';

/**
 * The sizes of batches that a network is to be run with: 1 alone where its provider gains nothing, or its graph is fixed to
 * one. What the graph says of itself is not believed: inner shapes may be fixed. It is run, and its outputs are measured.
 *
 * @param dims of an input of one, [1, …].
 * @throws {AppError} where the run shows that memory or device are used up.
 */
export async function probeBatches(
  session: Pick<Session, 'provider' | 'input' | 'run'>,
  dims: readonly number[],
  most: number,
  gains: GainsFromBatches = gainsFromBatches,
): Promise<number[]> {
  if (most < 2 || !gains(session.provider)) return [1];
  try {
    const one = lengths(await session.run(session.input(dims)));
    const two = lengths(await session.run(session.input([2, ...dims.slice(1)])));
    return one.every((length, i) => two[i] === 2 * length) ? batchSizesUpTo(most) : [1];
  } catch (error) {
    if (deviceTrouble(error) || !(error instanceof AppError)) throw error;
    return [1];
  }
}

function lengths(outputs: Readonly<Record<string, Float32Array>>): number[] {
  return Object.keys(outputs)
    .sort()
    .map((name) => outputs[name]!.length);
}
