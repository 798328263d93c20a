import { endianness } from 'node:os';

const SWAP = endianness() === 'BE';

/** The vector as it is stored: float32, little-endian, `4 * vector.length` bytes. */
export function toBlob(vector: Float32Array): Uint8Array {
  const bytes = Buffer.from(
    vector.buffer.slice(vector.byteOffset, vector.byteOffset + vector.byteLength) as ArrayBuffer,
  );
  return SWAP ? bytes.swap32() : bytes;
}

/** The vector that `blob` holds, shape [width]; null when it is not `width` finite numbers of some length. */
export function fromBlob(blob: Uint8Array, width: number): Float32Array | null {
  if (blob.byteLength !== width * 4) return null;
  const bytes = Buffer.alloc(blob.byteLength);
  bytes.set(blob);
  if (SWAP) bytes.swap32();
  const vector = new Float32Array(bytes.buffer, bytes.byteOffset, width);
  return lengthOf(vector) > 0 ? vector : null;
}

/** Below this a vector has no direction worth comparing. */
const SHORTEST = 1e-6;

/** L2 norm of `vector`; 0 where that is not a finite number, or too small to give a direction. */
export function lengthOf(vector: Float32Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const length = Math.sqrt(sum);
  return Number.isFinite(length) && length >= SHORTEST ? length : 0;
}
