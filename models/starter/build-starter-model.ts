import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../config/app-error.ts';
import { verifyFile } from '../verify-file.ts';
import { writeAtomically } from '../write-atomically.ts';
import { buildDlibResnet } from './dlib-resnet.ts';
import { type FaceApiPackage, findFaceApiPackage, readFaceApiWeights, type Weights } from './face-api-weights.ts';
import { buildLandmarks68 } from './landmarks68.ts';
import { buildSsdMobilenetV1 } from './ssd-mobilenetv1.ts';

/** Raised when the same weights give another file, so that what an older facegate built is not used. */
const REVISION = 1;
/** Characters of the SHA-256 that stand in the file's name. */
const HASH_LENGTH = 16;

const NETWORKS: Readonly<Record<string, { network: string; build(weights: Weights): Uint8Array }>> = {
  'starter-ssd-mobilenetv1': { network: 'ssd_mobilenetv1', build: buildSsdMobilenetV1 },
  'starter-landmarks68': { network: 'face_landmark_68', build: buildLandmarks68 },
  'starter-dlib-128d': { network: 'face_recognition', build: buildDlibResnet },
};

export interface StarterModel {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Builds a starter model as ONNX from the weights in the npm package @vladmandic/face-api, or finds what an earlier call
 * built. The file is called `<name>-<package version>-r<revision>-<SHA-256, shortened>.onnx`: its name tells whether its
 * bytes are still those that were built.
 *
 * @param name catalog name.
 * @throws {AppError} MODEL_NOT_FOUND where the package is not installed, MODEL_INVALID where its files are damaged,
 * MODEL_DOWNLOAD_FAILED where `dir` cannot be written.
 */
export async function buildStarterModel(
  name: string,
  dir: string,
  findPackage: () => Promise<FaceApiPackage | null> = findFaceApiPackage,
): Promise<StarterModel> {
  const { network, build } = NETWORKS[name]!;
  const from = await findPackage();
  if (from === null) {
    throw new AppError(
      'MODEL_NOT_FOUND',
      `model "${name}" is built from the npm package @vladmandic/face-api, which is not installed here: npm i @vladmandic/face-api`,
    );
  }
  const prefix = `${name}-${from.version}-r${REVISION}-`;
  const built = await findBuilt(dir, prefix);
  if (built !== null) return built;

  const bytes = build(await readFaceApiWeights(from, network));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const path = join(dir, `${prefix}${sha256.slice(0, HASH_LENGTH)}.onnx`);
  try {
    await writeAtomically(path, bytes);
  } catch (cause) {
    throw new AppError('MODEL_DOWNLOAD_FAILED', `cannot store ${path}: ${(cause as Error).message}`, { cause });
  }
  return { path, bytes: bytes.length, sha256 };
}

/** What an earlier call built and is still whole; null where there is none. Builds nothing. */
export async function findStarterModel(name: string, dir: string): Promise<StarterModel | null> {
  const from = await findFaceApiPackage();
  return from && findBuilt(dir, `${name}-${from.version}-r${REVISION}-`);
}

async function findBuilt(dir: string, prefix: string): Promise<StarterModel | null> {
  for (const file of await readdir(dir).catch(() => [])) {
    if (!file.startsWith(prefix) || !file.endsWith('.onnx')) continue;
    const path = join(dir, file);
    const hash = file.slice(prefix.length, -'.onnx'.length);
    const found = await verifyFile(path, (sha256) => hash.length === HASH_LENGTH && sha256.startsWith(hash));
    if (found.state === 'good') return { path, bytes: found.bytes, sha256: found.sha256 };
  }
  return null;
}
