import { randomNumbers } from './random-numbers.ts';

/** How a file was damaged. */
export interface Mutation {
  readonly bytes: Uint8Array;
  readonly how: string;
}

/** The same damage for the same seed: single bits, spans of noise or zeros, a piece cut out or doubled, an end that is missing. */
export function mutatedFile(original: Uint8Array, seed: number): Mutation {
  const random = randomNumbers(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const bytes = original.slice();
  // Structure stands at both ends and between the weights; half of the damage is aimed at it.
  const place = () => (random() < 0.5 ? below(bytes.length) : below(Math.min(4096, bytes.length)));
  switch (seed % 5) {
    case 0: {
      const flips = 1 + below(16);
      for (let i = 0; i < flips; i += 1) bytes[place()]! ^= 1 << below(8);
      return { bytes, how: `${flips} bits flipped` };
    }
    case 1: {
      const length = below(bytes.length);
      return { bytes: bytes.slice(0, length), how: `cut off at ${length}` };
    }
    case 2: {
      const [from, length] = [place(), 1 + below(512)];
      for (let i = from; i < Math.min(bytes.length, from + length); i += 1) bytes[i] = below(256);
      return { bytes, how: `noise from ${from}, ${length} bytes` };
    }
    case 3: {
      const [from, length] = [place(), 1 + below(4096)];
      const without = Buffer.concat([bytes.subarray(0, from), bytes.subarray(Math.min(bytes.length, from + length))]);
      return { bytes: without, how: `${length} bytes missing from ${from}` };
    }
    default: {
      const [from, length, to] = [place(), 1 + below(256), place()];
      bytes.copyWithin(to, from, from + length);
      return { bytes, how: `${length} bytes of ${from} also at ${to}` };
    }
  }
}
