import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { catalogEntry, type EmbedderEntry } from '../models/catalog.ts';
import type { ResolvedModel } from '../models/store.ts';

const FILE = 'research/w600k-mbf-int8-512d.onnx';

/**
 * A 512-d embedder whose licence forbids commercial use (InsightFace, `w600k`, int8): it stands here and not in the
 * catalog, so that no product can choose it. It shows what the code does with 512 numbers.
 *
 * @param folders where the models lie that the mirrors name.
 */
export function researchEmbedder(folders: readonly string[]): ResolvedModel {
  const path = folders.map((folder) => join(folder, FILE)).find(existsSync);
  if (!path)
    throw new Error(`${FILE} is in none of the folders of FACEGATE_MODEL_MIRROR: ${folders.join(', ') || 'none'}`);
  const base = catalogEntry('mobilefacenet-arcface-128d') as EmbedderEntry;
  const entry: EmbedderEntry = {
    ...base,
    name: 'w600k-mbf-int8-512d',
    title: 'ArcFace MobileFaceNet on WebFace600K, 512-d, int8: research only',
    licence: 'non-commercial',
    url: null,
    sha256: '7caa7fb0ad6c37b33e6c59f6411084b487aaabd596bba645d2cce391a5871120',
    bytes: null,
    input: {
      name: 'input.1',
      channelOrder: 'rgb',
      mean: [127.5, 127.5, 127.5],
      std: [127.5, 127.5, 127.5],
      size: [112, 112],
    },
    outputs: { embedding: '516' },
    embedding: { ...base.embedding, width: 512 },
    // From `calibrate --research`: half of the people, like those of the catalog.
    calibration: {
      threshold: 0.26,
      margin: 0.09,
      similaritySlope: 26,
      quality: {
        signal: 'norm',
        points: [
          [14.5, 0],
          [18.4, 0.4],
          [20.4, 0.6],
          [26.7, 1],
        ],
      },
      source: 'research only',
    },
  };
  return { entry, path, origin: FILE };
}
