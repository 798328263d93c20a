import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EnrolFromImageOptions, enrolFromImage } from '../../gallery/enrol-from-image.ts';
import { openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import type { AnalysedFace, Box } from '../../pipeline/face.ts';
import type { AnalyseOptions } from '../../pipeline/ports.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MODEL = 'testnet-4d';
const image = { width: 640, height: 480, format: 'rgb24', data: new Uint8Array(640 * 480 * 3) } as const;
const at = (x: number, y: number, width: number, height = width): Box => [x, y, x + width, y + height];

function face(box: Box, o: Partial<AnalysedFace> = {}): AnalysedFace {
  const [x1, y1, x2, y2] = box;
  const middle = [(x1 + x2) / 2, (y1 + y2) / 2] as const;
  return {
    box,
    landmarks: { leftEye: middle, rightEye: middle, nose: middle, mouthLeft: middle, mouthRight: middle },
    confidence: 0.99,
    embedding: { model: MODEL, vector: Float32Array.of(1, 0, 0, 0) },
    quality: 0.8,
    qualitySignal: 'norm',
    qualityParts: {},
    unfit: null,
    scores: {},
    ...o,
  };
}

let folder: string;
let gallery: SubjectGallery;
let ada: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-enrol-'));
  const clock = new VirtualClock();
  gallery = openGallery({ file: join(folder, 'gallery.db'), model: MODEL, width: 4, log: recordedLog(), clock });
  ada = gallery.createSubject({ name: 'Ada' }).id;
});

afterEach(async () => {
  await gallery.close();
  rmSync(folder, { recursive: true });
});

function enrol(
  faces: AnalysedFace[],
  o: Partial<Pick<EnrolFromImageOptions, 'subjectId' | 'required' | 'kind' | 'force'>> = {},
) {
  const asked: (AnalyseOptions | undefined)[] = [];
  const analyser = {
    analyse: async (_: unknown, options?: AnalyseOptions) => {
      asked.push(options);
      return { faces, timings: { detect: 1, embed: 1 } };
    },
  };
  const { subjectId = ada, ...rest } = o;
  return {
    asked,
    done: enrolFromImage({ gallery, analyser, subjectId, image, source: 'ada.jpg', threshold: 0.5, ...rest }),
  };
}

describe('enrolFromImage', () => {
  it('adds the one face to the subject, who is found by it from then on', async () => {
    const only = face(at(100, 100, 200));
    const { asked, done } = enrol([only]);
    const enrolled = await done;
    expect(enrolled).toEqual({
      templateId: expect.any(String),
      quality: 0.8,
      face: only,
      resemblance: null,
      note: null,
    });
    expect(asked).toEqual([{ want: 'embeddings' }]);
    expect(gallery.subject(ada).templates).toBe(1);
    const [found] = await gallery.search([{ model: MODEL, vector: Float32Array.of(1, 0, 0, 0) }], 1);
    expect(found?.[0]).toMatchObject({ subjectId: ada, similarity: 1 });
  });

  it('ignores a face far behind, whichever was detected better', async () => {
    const behind = face(at(0, 0, 99), { embedding: { model: MODEL, vector: Float32Array.of(0, 1, 0, 0) } });
    const portrait = face(at(100, 100, 200), { confidence: 0.8 });
    expect((await enrol([behind, portrait]).done).face).toBe(portrait);
  });

  it('refuses a picture with a second face of a quarter of the area', async () => {
    const { done } = enrol([face(at(100, 100, 200)), face(at(0, 0, 100)), face(at(0, 200, 20))]);
    await expect(done).rejects.toMatchObject({
      code: 'FACE_NOT_UNIQUE',
      message: 'the picture shows 2 faces of similar size, one person is needed',
      details: { faces: 2 },
    });
    expect(gallery.size.templates).toBe(0);
  });

  it('refuses a picture whose second face is unfit all the same', async () => {
    const { done } = enrol([face(at(100, 100, 200)), face(at(300, 100, 190), { unfit: 'blurred', embedding: null })]);
    await expect(done).rejects.toMatchObject({ code: 'FACE_NOT_UNIQUE' });
  });

  it('refuses a picture without a face', async () => {
    await expect(enrol([]).done).rejects.toMatchObject({ code: 'FACE_NOT_FOUND' });
  });

  it('asks nothing of the networks for a subject who is not there', async () => {
    const { asked, done } = enrol([face(at(0, 0, 100))], { subjectId: 'nobody' });
    await expect(done).rejects.toMatchObject({ code: 'SUBJECT_NOT_FOUND' });
    expect(asked).toEqual([]);
  });

  it.each([
    ['too_small', 'the face is too small to be recognised: 18 px wide, at least 24 px are needed'],
    [
      'low_quality',
      'the face is not fit to be recognised: quality 0.21 by norm, at least 0.40 is needed; try a sharper, frontal picture',
    ],
    ['cut_off', 'the face is cut off by the edge of the picture'],
    ['turned_away', 'the face is turned away; the person must look towards the camera'],
    ['too_dark', 'the face is too dark'],
    ['too_bright', 'the face is too bright'],
    ['blurred', 'the face is blurred'],
    ['not_embedded', 'the face was found and could not be embedded'],
  ] as const)('refuses a face that is %s, and says so', async (unfit, message) => {
    const { done } = enrol([face(at(100, 100, 18), { unfit, quality: 0.21 })], {
      required: { minFacePx: 24, quality: 0.4 },
    });
    await expect(done).rejects.toMatchObject({ code: 'FACE_UNFIT', message, details: { reason: unfit } });
    expect(gallery.size.templates).toBe(0);
  });

  it('refuses a face that came without an embedding', async () => {
    const { done } = enrol([face(at(100, 100, 200), { embedding: null })]);
    await expect(done).rejects.toMatchObject({ code: 'FACE_UNFIT', details: { reason: 'not_embedded' } });
  });

  it('refuses an embedding of another model than the gallery holds', async () => {
    const { done } = enrol([face(at(100, 100, 200), { embedding: { model: 'other', vector: new Float32Array(4) } })]);
    await expect(done).rejects.toMatchObject({ code: 'EMBEDDING_MISMATCH' });
  });
});

describe('a face that looks like somebody else', () => {
  const like = (degrees: number) => {
    const turned = (degrees * Math.PI) / 180;
    return face(at(100, 100, 200), {
      embedding: { model: MODEL, vector: Float32Array.of(Math.cos(turned), Math.sin(turned), 0, 0) },
    });
  };

  it('is refused, with both names and the similarity', async () => {
    await enrol([like(0)]).done;
    const bob = gallery.createSubject({ name: 'Bob' }).id;
    await expect(enrol([like(45)], { subjectId: bob }).done).rejects.toMatchObject({
      code: 'SUBJECT_COLLISION',
      message:
        'the face that was to become "Bob" looks like "Ada": similarity 0.71, from 0.50 on they are taken for one person; if they are two, insist with --force (in the API: force=true)',
      details: { subject: { id: ada, name: 'Ada' }, similarity: expect.closeTo(Math.SQRT1_2) },
    });
    expect(gallery.subject(bob).templates).toBe(0);
    await enrol([like(45)], { subjectId: bob, force: true }).done;
    expect(gallery.subject(bob).templates).toBe(1);
  });

  it('is welcome where it looks like its own subject, and just below the threshold', async () => {
    await enrol([like(0)]).done;
    await enrol([like(20)]).done;
    const bob = gallery.createSubject({ name: 'Bob' }).id;
    await enrol([like(90)], { subjectId: bob }).done;
    expect(gallery.size.templates).toBe(3);
  });

  it('is no collision once a negative template tells the two apart', async () => {
    await enrol([like(0)]).done;
    expect(await enrol([like(45)], { kind: 'negative' }).done).toMatchObject({ note: null });
    const twin = gallery.createSubject({ name: 'Twin' }).id;
    await enrol([like(45)], { subjectId: twin }).done;
    expect(gallery.subject(twin).templates).toBe(1);
  });

  it('is taken as a negative of anybody, with a word where that does not matter yet', async () => {
    const early = await enrol([like(0)], { kind: 'negative' }).done;
    expect(early.note).toBe('"Ada" has no enrolled face yet, so this one does not matter yet');
    await enrol([like(0)]).done;
    const far = await enrol([like(80)], { kind: 'negative' }).done;
    expect(far.note).toBe('the face is not taken for "Ada": similarity 0.17, threshold 0.50; it does not matter yet');
  });

  it('is refused of two that come at once for two subjects', async () => {
    const bob = gallery.createSubject({ name: 'Bob' }).id;
    const both = await Promise.allSettled([enrol([like(0)]).done, enrol([like(0)], { subjectId: bob }).done]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(gallery.size.templates).toBe(1);
  });
});
