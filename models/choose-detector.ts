import type { FreeMemory } from './devices/free-memory.ts';

/** Where the detector will run. */
export type DetectorPlace =
  | { readonly on: 'cpu' }
  /** `free`: of that device. */
  | { readonly on: 'gpu'; readonly free: FreeMemory };

export interface DetectorCandidate {
  readonly name: string;
  /** `auto` takes it on a device with more free memory than this, MiB; null: never. */
  readonly autoAboveMb: number | null;
  /** It is on this machine, or can be fetched. */
  readonly available: boolean;
}

export interface ChosenDetector {
  readonly name: string;
  /** What was chosen and why, for people. */
  readonly why: string;
}

/**
 * What `detector: auto` means here: the heaviest family member whose `autoAboveMb` the device's free memory exceeds, among
 * those that can be had; the lightest on a CPU, and where nobody tells how much is free.
 *
 * @param candidates of which one at least has a number in `autoAboveMb`.
 */
export function chooseDetector(candidates: readonly DetectorCandidate[], place: DetectorPlace): ChosenDetector {
  const family = candidates
    .flatMap(({ name, autoAboveMb, available }) =>
      autoAboveMb === null ? [] : [{ name, above: autoAboveMb, available }],
    )
    .sort((a, b) => b.above - a.above);
  // Where none can be had, the lightest is the one to be told about.
  const lightest = family.findLast(({ available }) => available) ?? family.at(-1);
  if (!lightest) throw new TypeError('no detector says when "auto" takes it');
  if (place.on === 'cpu') return { name: lightest.name, why: 'the lightest, for a CPU' };
  const { freeMb, source } = place.free;
  if (freeMb === null) return { name: lightest.name, why: `the lightest: ${source}` };

  const fitting = family.filter(({ above }) => freeMb > above);
  const chosen = fitting.find(({ available }) => available) ?? lightest;
  const at = fitting.indexOf(chosen);
  const absent = (at < 0 ? fitting : fitting.slice(0, at)).map(({ name }) => name);
  const heavier = family.filter(({ above }) => freeMb <= above).at(-1);
  const reasons = [
    `${freeMb} MiB free on the device (${source})`,
    ...(heavier ? [`${heavier.name} needs more than ${heavier.above}`] : []),
    ...(absent.length > 0 ? [`${absent.join(' and ')} would fit, but cannot be had here`] : []),
  ];
  return { name: chosen.name, why: reasons.join('; ') };
}
