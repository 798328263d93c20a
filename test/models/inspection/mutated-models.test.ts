import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../config/app-error.ts';
import type { CatalogEntry } from '../../../models/catalog.ts';
import { ModelInspector } from '../../../models/inspection/model-inspector.ts';
import type { ResolvedModel } from '../../../models/store.ts';
import { mutatedFile } from '../../support/mutated-file.ts';
import { starterModels } from '../../support/ready-models.ts';
import { requirement } from '../../support/requirements.ts';
import { sharedModel } from '../../support/shared-model.ts';

const MUTATIONS = 200;

let folder: string;
let models: ResolvedModel[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facegate-mutated-'));
  models = requirement('shared').met
    ? ['yunet-2023mar', 'retinaface-mobilenet025', 'minifasnet-v2-crop2.7', 'mobilefacenet-arcface-128d'].map(
        sharedModel,
      )
    : [(await starterModels()).landmarks];
});
afterAll(() => rm(folder, { recursive: true }));

describe(`${MUTATIONS} damaged model files`, () => {
  it('are each loaded by the process that looks into them, or refused by name; nothing else notices', async () => {
    const inspector = new ModelInspector({ memoryLimitMb: 4096, deadlineMs: 60_000 });
    const outcomes: Record<string, number> = {};
    for (let seed = 0; seed < MUTATIONS; seed += 1) {
      const { entry, path } = models[seed % models.length]!;
      const { bytes, how } = mutatedFile(await readFile(path), seed);
      const damaged = join(folder, `${seed}.onnx`);
      await writeFile(damaged, bytes);
      const model = { entry: { ...entry, sha256: null } as CatalogEntry, path: damaged, origin: 'a test' };
      const outcome = await inspector.ask({ type: 'load', model }).then(
        () => 'loaded',
        (error: unknown) => {
          expect(error, `${entry.name}, seed ${seed}: ${how}`).toBeInstanceOf(AppError);
          const { code, message } = error as AppError;
          expect(message, `${entry.name}, seed ${seed}: ${how}`).not.toBe('');
          return code;
        },
      );
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      await rm(damaged);
    }
    await inspector.close();
    expect(Object.values(outcomes).reduce((a, b) => a + b)).toBe(MUTATIONS);
    // Both ends of what may come out, so that this cannot pass because every file is refused, or none.
    expect(outcomes.loaded).toBeGreaterThan(0);
    expect(outcomes.MODEL_INVALID).toBeGreaterThan(MUTATIONS / 10);
    const known = [
      'loaded',
      'MODEL_INVALID',
      'MODEL_CONTRACT_MISMATCH',
      'INFERENCE_FAILED',
      'MODEL_PROVIDER_UNAVAILABLE',
    ];
    expect(Object.keys(outcomes).filter((outcome) => !known.includes(outcome))).toEqual([]);
  }, 240_000);

  it('are refused before they are parsed where the SHA-256 is known', async () => {
    await using inspector = new ModelInspector();
    const { entry, path } = models[0]!;
    const known = entry.sha256 ?? '0'.repeat(64);
    const damaged = join(folder, 'known.onnx');
    const codes = new Set<string>();
    for (let seed = 1000; seed < 1020; seed += 1) {
      await writeFile(damaged, mutatedFile(await readFile(path), seed).bytes);
      const model = { entry: { ...entry, sha256: known } as CatalogEntry, path: damaged, origin: 'a test' };
      codes.add(
        await inspector.ask({ type: 'load', model }).then(
          () => 'loaded',
          (error: AppError) => error.code,
        ),
      );
    }
    expect([...codes]).toEqual(['MODEL_CHECKSUM_MISMATCH']);
    expect(inspector.started).toBe(1);
  });
});
