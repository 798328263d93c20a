import { type GroupSize, LARGEST_GROUP, PIECE, wordsOf } from './product-kernel.ts';
import { boundOf, LANES_OF_SUM, laneOf, quantiseProbe, ROW_OFFSET } from './quantise.ts';

export interface ProbeGroup {
  readonly size: GroupSize;
  /** Index of its first probe. */
  readonly first: number;
  /** Its last ones may be missing. */
  readonly count: number;
}

/** Groups of eight; the rest is a group of one, two, four or eight. */
export function groupsOf(probes: number): ProbeGroup[] {
  const groups: ProbeGroup[] = [];
  for (let first = 0; first < probes; first += LARGEST_GROUP) {
    const count = Math.min(LARGEST_GROUP, probes - first);
    const size = count > 4 ? 8 : count > 2 ? 4 : (count as GroupSize);
    groups.push({ size, first, count });
  }
  return groups;
}

/**
 * Lays unit vectors out as the kernels read a group of `size` (product-kernel.ts).
 *
 * @param target zeros, groupBytes long, aligned to 4.
 * @returns for each probe what the kernel's value for a row must exceed where its similarity may exceed `floor`.
 */
export function packGroup(
  probes: readonly Float32Array[],
  size: GroupSize,
  target: Uint8Array,
): ((floor: number) => number)[] {
  const { buffer, byteOffset } = target;
  const begin = new Int16Array(buffer, byteOffset, size * LANES_OF_SUM);
  const factors = new Float32Array(buffer, byteOffset + size * 16, wordsOf(size));
  const pieces = new Int8Array(buffer, byteOffset + size * 16 + factors.byteLength);
  return probes.map((probe, p) => {
    const quantised = quantiseProbe(probe);
    const { factor, least } = boundOf(quantised);
    for (const [i, number] of quantised.numbers.entries()) {
      pieces[(Math.floor(i / PIECE) * size + p) * PIECE + (i % PIECE)] = number;
      // Each number of a row is larger by the offset. Sums wrap, and so does what is taken from them beforehand.
      begin[p * LANES_OF_SUM + laneOf(i)]! -= ROW_OFFSET * number;
    }
    for (let word = p; word < factors.length; word += size) factors[word] = factor;
    quantised.numbers.fill(0);
    return least;
  });
}
