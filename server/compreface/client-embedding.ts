import type { Embedding } from '../../pipeline/face.ts';
import type { ServerParts } from '../server-parts.ts';
import { ComprefaceError } from './compreface-error.ts';

/**
 * Numbers that a client kept, as an embedding of the gallery's model; of any length, as CompreFace takes them.
 *
 * @param what where it stands in the request, for the message.
 * @throws {ComprefaceError} 36 for another width, all zeros, or numbers too large to have a length.
 */
export function clientEmbedding(
  numbers: readonly number[],
  what: string,
  { model, width }: Pick<ServerParts['gallery'], 'model' | 'width'>,
): Embedding {
  if (numbers.length !== width) {
    throw new ComprefaceError(36, `${what} must have ${width} numbers, as ${model.model} gives, got ${numbers.length}`);
  }
  // In doubles: squares of large numbers do not fit into 32 bits.
  const norm = Math.hypot(...numbers);
  const vector = Float32Array.from(numbers, (value) => value / norm);
  if (norm > 0 && Number.isFinite(norm)) return { model: model.model, vector };
  throw new ComprefaceError(36, `${what} is zero or too large to be an embedding`);
}
