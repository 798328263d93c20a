import { AppError } from '../config/app-error.ts';
import type { CatalogEntry } from './catalog.ts';
import observed from './int8-ranges.json' with { type: 'json' };
import type { ValueRanges } from './onnx/quantize-graph.ts';
import type { ResolvedModel } from './store.ts';

/** What the values of a network were seen to hold on real pictures, by the SHA-256 of its weights (`npm run eval -- ranges`). */
const RANGES = new Map(
  (observed as unknown as readonly { sha256: string; name: string; ranges: ValueRanges }[]).map(
    ({ sha256, name, ranges }) => [sha256, { name, ranges }],
  ),
);

/** The ranges that belong to these very weights; null where nobody has seen them at work. */
export function int8Ranges({ sha256 }: Pick<CatalogEntry, 'sha256'>): ValueRanges | null {
  return (sha256 === null ? undefined : RANGES.get(sha256)?.ranges) ?? null;
}

/**
 * The same network in 8-bit arithmetic. It has a name of its own: its embeddings are near those of the float32 one, not equal, and a
 * gallery holds those of one network.
 *
 * @param setting for the message, like `models.embedder.precision`.
 * @throws {AppError} CONFIG_INVALID where the ranges of these weights are not known.
 */
export function asInt8(model: ResolvedModel, setting: string): ResolvedModel {
  const { entry } = model;
  if (int8Ranges(entry) === null) {
    const known = [...RANGES.values()].map(({ name }) => name).join(', ');
    throw new AppError('CONFIG_INVALID', `${setting}: int8 is there for ${known}, not for ${entry.name}`);
  }
  return { ...model, entry: { ...entry, name: `${entry.name}-int8`, precision: 'int8' } };
}
