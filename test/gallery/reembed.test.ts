import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AppError } from '../../config/app-error.ts';
import { reembed } from '../../gallery/reembed.ts';
import { openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import type { AnalysedFace } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { FaceAnalyser } from '../../pipeline/ports.ts';
import { pastTheGallery } from '../support/gallery-files.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

let folder: string;
const opened: SubjectGallery[] = [];

function open(model: string, width: number): SubjectGallery {
  const file = join(folder, 'gallery.db');
  const clock = new VirtualClock();
  const gallery = openGallery({ file, model, width, keepImages: true, log: recordedLog(), clock });
  opened.push(gallery);
  return gallery;
}

/** Pictures are texts here: the numbers of the embedding that the new model makes of them. */
const decode = async (jpeg: Buffer): Promise<PixelImage> =>
  ({ width: jpeg.length, height: 1, data: jpeg }) as unknown as PixelImage;
const analyser: Pick<FaceAnalyser, 'analyse'> = {
  async analyse({ data }) {
    const text = Buffer.from(data as Uint8Array).toString();
    if (text === 'crash') throw new AppError('INFERENCE_CLOSED', 'the networks are shutting down');
    if (text === 'no face') return { faces: [], timings: { detect: 0, embed: 0 } };
    const vector = Float32Array.from(text.split(' '), Number);
    const face = { box: [0, 0, 9, 9], unfit: null, quality: 0.7, embedding: { model: 'new-3d', vector } };
    return { faces: [face as unknown as AnalysedFace], timings: { detect: 0, embed: 0 } };
  },
};

/** Ada with two pictures and Bob's negative, Eve of whom no picture is kept, as the old model enrolled them. */
async function enrolWithOldModel(third = '0 0 1'): Promise<void> {
  const old = open('old-2d', 2);
  const embedding = { model: 'old-2d', vector: Float32Array.of(1, 0) };
  const [ada, bob, eve] = ['Ada', 'Bob', 'Eve'].map((name) => old.createSubject({ name }).id) as [
    string,
    string,
    string,
  ];
  const add = (id: string, source: string, image?: string, kind?: 'negative') =>
    old.addTemplate(id, { embedding, quality: 1, source, kind, ...(image && { image: Buffer.from(image) }) });
  add(ada, 'a.jpg', '1 0 0');
  add(ada, 'b.jpg', '0 1 0');
  add(bob, 'poster.jpg', third, 'negative');
  add(eve, 'e.jpg');
  await old.close();
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-reembed-'));
});
afterEach(async () => {
  for (const gallery of opened.splice(0)) await gallery.close();
  rmSync(folder, { recursive: true });
});

it('enrols every kept picture for the new model, beside the old templates, and names who is left out', async () => {
  await enrolWithOldModel();
  const gallery = open('new-3d', 3);
  const progress: string[] = [];
  const onProgress = (done: number, total: number) => void progress.push(`${done}/${total}`);
  const { done, refused, unrecognisable } = await reembed({ gallery, analyser, decode, onProgress });
  expect({ done, refused }).toEqual({ done: 3, refused: [] });
  expect(unrecognisable.map(({ name }) => name)).toEqual(['Eve']);
  expect(progress).toEqual(['1/3', '2/3', '3/3']);
  const found = await gallery.search([{ model: 'new-3d', vector: Float32Array.of(0, 1, 0) }], 3);
  expect(found).toMatchObject([[{ name: 'Ada', similarity: 1 }]]);
  const bob = gallery.subjectNamed('Bob');
  expect(gallery.templates(bob?.id)).toMatchObject([
    { model: 'old-2d', searched: false, kind: 'negative', source: 'poster.jpg', hasImage: true },
    { model: 'new-3d', searched: true, kind: 'negative', source: 'poster.jpg', hasImage: true, quality: 0.7 },
  ]);
  // The way back is open.
  await gallery.close();
  expect(open('old-2d', 2).size).toEqual({ subjects: 3, templates: 4, notSearched: 3 });
});

it('does nothing twice, goes on where it was cut off, and refuses a picture alone', async () => {
  await enrolWithOldModel('crash');
  const gallery = open('new-3d', 3);
  const cutOff = reembed({ gallery, analyser, decode, atOnce: 1 });
  await expect(cutOff).rejects.toThrow(expect.objectContaining({ code: 'INFERENCE_CLOSED' }));
  expect(gallery.size.templates).toBe(2);
  const without = async () => ({ width: 7, height: 1, data: Buffer.from('no face') }) as unknown as PixelImage;
  const { done, refused } = await reembed({ gallery, analyser, decode: without });
  expect(done).toBe(0);
  expect(refused).toMatchObject([{ template: { source: 'poster.jpg' }, why: 'no face was found in the picture' }]);
  expect(gallery.size.templates).toBe(2);
});

it('keeps a picture as long as a template of any model was made of it', async () => {
  await enrolWithOldModel();
  const gallery = open('new-3d', 3);
  await reembed({ gallery, analyser, decode });
  const pictures = () =>
    pastTheGallery(
      join(folder, 'gallery.db'),
      (database) => database.prepare('SELECT count(*) AS n FROM images').get()?.n,
    );
  const [older, newer] = gallery.templates(gallery.subjectNamed('Bob')?.id);
  expect(pictures()).toBe(3);
  gallery.removeTemplate(older?.id ?? '');
  expect(pictures()).toBe(3);
  expect(gallery.image(newer?.id ?? '').toString()).toBe('0 0 1');
  gallery.removeTemplate(newer?.id ?? '');
  expect(pictures()).toBe(2);
});
