import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settingsSchema } from '../../config/settings-schema.ts';
import { researchEmbedder } from '../../eval/research-embedder.ts';
import { openGallery } from '../../gallery/subject-gallery.ts';
import type { EmbedderEntry } from '../../models/catalog.ts';
import { embeddingSpace } from '../../models/embedding-space.ts';
import { previousSpace } from '../../models/previous-space.ts';
import { createInferencePool, type InferencePool } from '../../models/processes/inference-pool.ts';
import type { ResolvedModel } from '../../models/store.ts';
import type { AnalysedFace, Embedding } from '../../pipeline/face.ts';
import { identify } from '../../pipeline/identify.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { readPicture } from '../support/read-picture.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { requirement, sharedDir } from '../support/requirements.ts';
import { sharedModel } from '../support/shared-model.ts';

const PEOPLE = ['Alvaro_Uribe', 'Amelie_Mauresmo', 'Ann_Veneman', 'Bill_Frist', 'Bill_McBride', 'Denzel_Washington'];
const STRANGERS = ['Ben_Affleck', 'Condoleezza_Rice', 'Amanda_Bynes', 'Dominique_de_Villepin'];
/** The person's first picture, or a later one. */
function picture(person: string, number: number) {
  const folder = join(sharedDir, 'lfw-dev/images', person);
  return readPicture(join(folder, readdirSync(folder).sort()[number - 1]!));
}

function open(
  embedder: ResolvedModel,
  previousEmbedder: ResolvedModel | null,
  isolation: 'shared' | 'process' = 'shared',
): Promise<InferencePool> {
  const { models, recognition } = settingsSchema.parse({});
  return createInferencePool({
    detector: sharedModel('retinaface-mobilenet025'),
    embedder,
    previousEmbedder,
    settings: {
      detector: { ...models.detector, deadlineMs: 60_000 },
      embedder: { ...models.embedder, isolation, deadlineMs: 60_000 },
      oodThreshold: recognition.oodThreshold,
      providers: ['cpu'],
    },
    processes: 1,
    log: recordedLog(),
    clock: systemClock,
  });
}

/** The person of an LFW picture is the one nearest to its middle. */
async function faceOf(analyser: InferencePool, person: string, number: number) {
  const image = await picture(person, number);
  const { faces } = await analyser.analyse(image);
  const fromMiddle = ({ box: [x1, y1, x2, y2] }: AnalysedFace) =>
    Math.hypot(x1 + x2 - image.width, y1 + y2 - image.height);
  const face = faces.toSorted((a, b) => fromMiddle(a) - fromMiddle(b))[0]!;
  expect(face.unfit, `${person} ${number}`).toBeNull();
  return { ...face, embedding: face.embedding! };
}
const cosine = (a: Embedding, b: Embedding) => a.vector.reduce((sum, value, i) => sum + value * b.vector[i]!, 0);

describe.skipIf(!requirement('shared').met)('a gallery that moves from one real embedder to another', () => {
  it('knows its people before, while and after they are enrolled anew, and no stranger', {
    timeout: 240_000,
  }, async () => {
    const before = sharedModel('mobilefacenet-arcface-128d');
    const now = researchEmbedder([join(sharedDir, 'models')]);
    const [old, own] = [before.entry as EmbedderEntry, now.entry as EmbedderEntry];
    const folder = mkdtempSync(join(tmpdir(), 'facegate-change-'));
    const common = { file: join(folder, 'gallery.db'), log: recordedLog(), clock: systemClock };
    try {
      {
        await using analyser = await open(before, null);
        await using gallery = openGallery({ ...common, ...embeddingSpace(old) });
        for (const name of PEOPLE) {
          const { embedding, quality } = await faceOf(analyser, name, 1);
          expect(embedding.previous).toBeUndefined();
          gallery.addTemplate(gallery.createSubject({ name }).id, { embedding, quality, source: 'before' });
        }
      }
      await using analyser = await open(now, before);
      expect(analyser.roles().map(({ role, model }) => [role, model])).toEqual([
        ['detector', 'retinaface-mobilenet025'],
        ['embedder', own.name],
        ['previous-embedder', old.name],
      ]);
      await using gallery = openGallery({ ...common, ...embeddingSpace(own), previous: previousSpace(own, old) });
      const faces: AnalysedFace[] = [];
      for (const name of [...PEOPLE, ...STRANGERS]) faces.push(await faceOf(analyser, name, 2));
      expect([faces[0]?.embedding?.vector.length, faces[0]?.embedding?.previous?.vector.length]).toEqual([512, 128]);
      const names = async () => {
        const rules = { ...own.calibration, nowMs: Date.now() };
        return (await identify(faces, gallery, rules)).map(({ subject }) => subject?.name ?? null);
      };
      const expected = [...PEOPLE, ...STRANGERS.map(() => null)];
      expect(await names()).toEqual(expected);
      for (const [i, name] of PEOPLE.entries()) {
        const { embedding, quality } = await faceOf(analyser, name, 1);
        const { id } = gallery.subjectNamed(name)!;
        gallery.addTemplate(id, { embedding, quality, source: 'anew' });
        expect(gallery.migration?.people).toBe(PEOPLE.length - 1 - i);
        if (i === 2) expect(await names()).toEqual(expected);
      }
      expect(await names()).toEqual(expected);
      await gallery.close();
      await using moved = openGallery({ ...common, ...embeddingSpace(own) });
      const found = await identify(faces, moved, { ...own.calibration, nowMs: Date.now() });
      expect(found.map(({ subject }) => subject?.name ?? null)).toEqual(expected);
      // In processes of their own both say the same.
      await using apart = await open(now, before, 'process');
      expect(apart.stats().processes).toBe(3);
      const again = await faceOf(apart, PEOPLE[0]!, 2);
      const same = faces[0]!.embedding!;
      // Eight bits make more of a crop's rounding.
      expect(cosine(again.embedding, same)).toBeGreaterThan(0.99);
      expect(cosine(again.embedding.previous!, same.previous!)).toBeGreaterThan(0.999);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
