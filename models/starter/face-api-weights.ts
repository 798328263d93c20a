import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../config/app-error.ts';

const PACKAGE = '@vladmandic/face-api';

/** The npm package that carries the starter weights, where it is installed. */
export interface FaceApiPackage {
  readonly folder: string;
  readonly version: string;
}

/** Null where the package is not installed beside facegate. */
export async function findFaceApiPackage(): Promise<FaceApiPackage | null> {
  let manifest: string;
  try {
    manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
  } catch {
    return null;
  }
  const { version } = z
    .object({ version: z.string().regex(/^[0-9A-Za-z.+-]+$/) })
    .parse(JSON.parse(await readFile(manifest, 'utf8')));
  return { folder: dirname(manifest), version };
}

/** A tensor as TensorFlow lays it out; convolution filters are HWIO. */
export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Looks a tensor up by the name it has in the package. */
export type Weights = (name: string) => Weight;

const manifestSchema = z.array(
  z.object({
    paths: z.array(z.string().regex(/^[A-Za-z0-9_.-]+$/)).length(1),
    weights: z.array(
      z.object({
        name: z.string(),
        shape: z.array(z.number().int().min(0)),
        dtype: z.enum(['float32', 'int32']),
        /** Stored as bytes: value = min + scale · byte. */
        quantization: z.object({ dtype: z.literal('uint8'), scale: z.number(), min: z.number() }).optional(),
      }),
    ),
  }),
);

/**
 * Reads one network's weights from the package's `model/` folder, in the layered-manifest format of TensorFlow.js.
 *
 * @param network file name before `_model-weights_manifest.json`.
 * @throws {AppError} MODEL_INVALID when a file is missing or not what the manifest says.
 */
export async function readFaceApiWeights(from: FaceApiPackage, network: string): Promise<Weights> {
  const weights = new Map<string, Weight>();
  try {
    const text = await readFile(join(from.folder, 'model', `${network}_model-weights_manifest.json`), 'utf8');
    for (const group of manifestSchema.parse(JSON.parse(text))) {
      const bytes = await readFile(join(from.folder, 'model', group.paths[0]!));
      let offset = 0;
      for (const { name, shape, quantization } of group.weights) {
        const size = shape.reduce((product, dim) => product * dim, 1);
        const length = quantization ? size : size * 4;
        const stored = bytes.subarray(offset, offset + length);
        if (stored.length !== length) throw new RangeError(`${group.paths[0]} ends inside "${name}"`);
        weights.set(name, { shape, data: quantization ? dequantise(stored, quantization) : floatsOf(stored) });
        offset += length;
      }
      if (offset !== bytes.length)
        throw new RangeError(`${group.paths[0]} has ${bytes.length - offset} bytes too many`);
    }
  } catch (cause) {
    throw new AppError(
      'MODEL_INVALID',
      `the ${network} weights of ${PACKAGE} ${from.version} in ${from.folder} cannot be read: ${(cause as Error).message}`,
      { cause },
    );
  }
  return (name) => {
    const weight = weights.get(name);
    if (weight) return weight;
    throw new AppError(
      'MODEL_INVALID',
      `the ${network} weights of ${PACKAGE} ${from.version} have no tensor "${name}"`,
    );
  };
}

function dequantise(bytes: Uint8Array, { scale, min }: { scale: number; min: number }): Float32Array {
  const values = new Float32Array(bytes.length);
  // Float32Array.from(bytes, …) takes ten times as long, and there are millions.
  for (let at = 0; at < bytes.length; at += 1) values[at] = min + scale * bytes[at]!;
  return values;
}

/** Copies, because the bytes in the file need not lie at a multiple of four. */
function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}
