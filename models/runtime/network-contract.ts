import { AppError } from '../../config/app-error.ts';
import type { CatalogEntry } from '../catalog.ts';

/** Name and dimensions of an input or output; a string is a free dimension. */
export interface TensorShape {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

/** A number must be that size (or free); `free` must be free; null may be anything. */
interface ExpectedTensor {
  /** Null: whatever it is called, the shape tells it. */
  readonly name: string | null;
  readonly shape: readonly (number | 'free' | null)[];
}

/** What a network's inputs and outputs must look like for the code that calls it. */
export interface NetworkContract {
  readonly input: ExpectedTensor;
  readonly outputs: readonly ExpectedTensor[];
}

/** The contract that a catalog entry promises. */
export function contractOf(entry: CatalogEntry): NetworkContract {
  const [width, height] = entry.input.size ?? (['free', 'free'] as const);
  return { input: { name: entry.input.name, shape: [1, 3, height, width] }, outputs: outputsOf(entry) };
}

/**
 * Whether a file with these inputs and outputs can be that entry's: as `checkContract`, but for a size that is fixed in
 * the file and that the entry's graph edit lifts when it is loaded.
 */
export function fitsContract(
  entry: CatalogEntry,
  inputs: readonly TensorShape[],
  outputs: readonly TensorShape[],
): boolean {
  const { input, outputs: expected } = contractOf(entry);
  const edited = 'graphEdit' in entry && entry.graphEdit !== null;
  const shape = edited ? input.shape.map((size) => (size === 'free' ? null : size)) : input.shape;
  try {
    checkContract(entry.name, { input: { ...input, shape }, outputs: expected }, inputs, outputs);
    return true;
  } catch {
    return false;
  }
}

function outputsOf(entry: CatalogEntry): ExpectedTensor[] {
  switch (entry.family) {
    case 'retinaface':
      return [
        { name: entry.outputs.boxes, shape: [1, null, 4] },
        { name: entry.outputs.confidence, shape: [1, null, 2] },
        { name: entry.outputs.landmarks, shape: [1, null, 10] },
      ];
    case 'yunet':
      return entry.levels.flatMap(({ outputs }) => [
        { name: outputs.face, shape: [1, null, 1] },
        { name: outputs.object, shape: [1, null, 1] },
        { name: outputs.boxes, shape: [1, null, 4] },
        { name: outputs.landmarks, shape: [1, null, 10] },
      ]);
    case 'scrfd':
      return entry.levels.flatMap(({ outputs }) => [
        { name: outputs.confidence, shape: [1, null, 1] },
        { name: outputs.boxes, shape: [1, null, 4] },
        { name: outputs.landmarks, shape: [1, null, 10] },
      ]);
    case 'starter-ssd':
      return [
        { name: entry.outputs.boxes, shape: [1, null, 4] },
        { name: entry.outputs.confidence, shape: [1, null] },
      ];
    case 'starter-landmarks68':
      return [{ name: entry.outputs.landmarks, shape: [1, 136] }];
    case 'minifasnet':
      return [{ name: entry.outputs.logits, shape: [1, 3] }];
    default: {
      const { embedding, logVariance } = entry.outputs;
      return [
        { name: embedding, shape: [1, entry.embedding.width] },
        ...(logVariance === undefined ? [] : [{ name: logVariance, shape: [1, 1] }]),
      ];
    }
  }
}

/**
 * @throws {AppError} MODEL_CONTRACT_MISMATCH, saying what was expected and what the file has.
 */
export function checkContract(
  model: string,
  contract: NetworkContract,
  inputs: readonly TensorShape[],
  outputs: readonly TensorShape[],
): void {
  if (inputs.length !== 1) {
    fail(model, `one input, "${contract.input.name}"`, inputs.map((tensor) => `"${tensor.name}"`).join(', ') || 'none');
  }
  match(model, 'input', contract.input, inputs);
  for (const output of contract.outputs) match(model, 'output', output, outputs);
}

function match(model: string, side: 'input' | 'output', expected: ExpectedTensor, all: readonly TensorShape[]): void {
  const shape = `float32 [${expected.shape.map((size) => size ?? 'any').join(', ')}]`;
  if (expected.name === null) {
    if (all.some((tensor) => fits(tensor, expected.shape))) return;
    fail(model, `an ${side} ${shape}`, all.map(described).join(', ') || 'none');
  }
  const got = all.find((tensor) => tensor.name === expected.name);
  const wanted = `${side} "${expected.name}" ${shape}`;
  if (!got) fail(model, wanted, `${side}s ${all.map((tensor) => `"${tensor.name}"`).join(', ') || '(none)'}`);
  if (!fits(got, expected.shape)) fail(model, wanted, `${got.type} [${got.shape.join(', ')}]`);
}

function fits(tensor: TensorShape, shape: ExpectedTensor['shape']): boolean {
  return (
    tensor.type === 'float32' &&
    tensor.shape.length === shape.length &&
    shape.every((size, at) => {
      const has = tensor.shape[at]!;
      return size === null || typeof has === 'string' || has === size;
    })
  );
}

function described({ name, type, shape }: TensorShape): string {
  return `"${name}" ${type} [${shape.join(', ')}]`;
}

function fail(model: string, expected: string, got: string): never {
  throw new AppError('MODEL_CONTRACT_MISMATCH', `${model}: expected ${expected}, got ${got}`);
}
