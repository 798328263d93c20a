import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { similarityOf } from '../../../models/calibration.ts';
import type { EmbedderEntry } from '../../../models/catalog.ts';
import { align } from '../../../models/embedders/align.ts';
import { apply, invert } from '../../../models/embedders/similarity-transform.ts';
import { TEMPLATES } from '../../../models/embedders/templates.ts';
import { type FaceAnalyserConfig, LocalFaceAnalyser } from '../../../models/inference/face-analyser.ts';
import type { ResolvedModel } from '../../../models/store.ts';
import type { AnalysedFace, Embedding, Landmarks } from '../../../pipeline/face.ts';
import type { PixelImage } from '../../../pipeline/pixel-image.ts';
import { faceApiPicture } from '../../support/face-api-picture.ts';
import { readPicture } from '../../support/read-picture.ts';
import { type ReadyModels, starterModels } from '../../support/ready-models.ts';
import { requirement, sharedDir } from '../../support/requirements.ts';
import { sharedModel } from '../../support/shared-model.ts';

const settings = {
  inputSize: 640,
  confidence: 0.7,
  preset: 'default' as const,
  nms: 0.4,
  maxFaces: 20,
  minFacePx: 24,
  oodThreshold: 0.4,
};

function networks(models: ReadyModels): Omit<FaceAnalyserConfig, 'settings'> {
  const here = (model: ResolvedModel) => ({ model, providers: 'auto' as const });
  return {
    work: 'pictures',
    detector: here(models.detector),
    embedder: here(models.embedder),
    landmarks: models.landmarks ? here(models.landmarks) : null,
    scorers: [],
  };
}

const cosine = (a: Embedding, b: Embedding) => a.vector.reduce((sum, value, i) => sum + value * b.vector[i]!, 0);
const lfw = (person: string, number: number) =>
  join(sharedDir, 'lfw-dev/images', person, `${person}_${String(number).padStart(4, '0')}.jpg`);

const points = ({ leftEye, rightEye, nose, mouthLeft, mouthRight }: Landmarks) => [
  leftEye,
  rightEye,
  nose,
  mouthLeft,
  mouthRight,
];

/**
 * How far the landmarks lie from those of an upright face, root mean square, pixels of an aligned crop of 112: about 3 for
 * a face from the front, 14 for a half profile, 25 and more for points in disorder.
 */
function disorder(landmarks: Landmarks): number {
  const { points: template, side } = TEMPLATES.arcface;
  const toCrop = invert(align(landmarks, TEMPLATES.arcface, side));
  const squares = points(landmarks).map((point, i) => {
    const [x, y] = apply(toCrop, point);
    return (x - template[i]![0]) ** 2 + (y - template[i]![1]) ** 2;
  });
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}

/** The person of an LFW picture is the one nearest to its middle. */
function central(image: PixelImage, faces: readonly AnalysedFace[]): AnalysedFace | undefined {
  const distance = ({ box }: AnalysedFace) =>
    Math.hypot((box[0] + box[2] - image.width) / 2, (box[1] + box[3] - image.height) / 2);
  return faces.toSorted((a, b) => distance(a) - distance(b))[0];
}

describe.skipIf(!requirement('shared').met)('RetinaFace and MobileFaceNet on real pictures', () => {
  let analyser: LocalFaceAnalyser;
  let small: LocalFaceAnalyser;
  const models = () =>
    networks({
      detector: sharedModel('retinaface-mobilenet025'),
      embedder: sharedModel('mobilefacenet-arcface-128d'),
    });
  beforeAll(async () => {
    analyser = await LocalFaceAnalyser.open({ ...models(), settings });
    small = await LocalFaceAnalyser.open({ ...models(), settings: { ...settings, inputSize: 320 } });
  });

  it('finds every person in the pictures of face-api, with landmarks where a face has them', async () => {
    const counts: number[] = [];
    for (const number of [1, 2, 3, 4, 5, 6] as const) {
      const image = await readPicture(faceApiPicture(number));
      const { faces } = await analyser.analyse(image, { want: 'detections' });
      counts.push(faces.length);
      for (const { box, landmarks } of faces) {
        for (const [x, y] of points(landmarks)) {
          expect(x > box[0] && x < box[2] && y > box[1] && y < box[3]).toBe(true);
        }
        expect(disorder(landmarks)).toBeLessThan(16);
      }
    }
    expect(counts).toEqual([3, 3, 3, 4, 5, 4]);
  });

  /** The face of an LFW picture, `width` wide, on a grey frame. */
  async function framed(left: number, top: number, width: number): Promise<PixelImage> {
    const input = await sharp(lfw('Abdullah_Gul', 13)).resize(width, width, { kernel: 'cubic' }).toBuffer();
    const frame = sharp({ create: { width: 1280, height: 720, channels: 3, background: '#777' } });
    const data = await frame.composite([{ input, left, top }]).removeAlpha().raw().toBuffer();
    return { width: 1280, height: 720, format: 'rgb24', data };
  }

  it.each([
    [64, 0],
    [-128, 64],
    [192, -128],
    [320, 128],
  ])('moves landmarks with the face: a shift of (%d, %d)', async (right, down) => {
    // By whole cells of the coarsest feature map: otherwise the network itself wavers by some hundredths of the width.
    const [before] = (await analyser.analyse(await framed(440, 160, 400), {})).faces;
    const { faces } = await analyser.analyse(await framed(440 + right, 160 + down, 400), {});
    expect(faces).toHaveLength(1);
    for (const [i, [x, y]] of points(faces[0]!.landmarks).entries()) {
      const [bx, by] = points(before!.landmarks)[i]!;
      expect(Math.hypot(x - bx - right, y - by - down)).toBeLessThan(0.5);
    }
  });

  it.each([
    [1, 0, 400],
    [301, 33, 300],
    [613, 211, 400],
    [700, 100, 600],
  ])('embeds the same face alike wherever and how large it stands: (%d, %d), %d wide', async (left, top, width) => {
    const [expected] = (await analyser.analyse(await framed(440, 160, 400), {})).faces;
    const { faces } = await analyser.analyse(await framed(left, top, width), {});
    expect(faces).toHaveLength(1);
    expect(cosine(faces[0]!.embedding!, expected!.embedding!)).toBeGreaterThan(0.93);
  });

  it('finds the same face within a pixel in a frame that ffmpeg has halved', async () => {
    const frame = await framed(500, 200, 400);
    const [whole] = (await analyser.analyse(frame, {})).faces;
    const raw = { width: 1280, height: 720, channels: 3 } as const;
    const data = await sharp(frame.data, { raw }).resize(640, 360, { kernel: 'linear' }).raw().toBuffer();
    const [half] = (await analyser.analyse({ width: 640, height: 360, format: 'rgb24', data }, {})).faces;
    for (const [i, [x, y]] of points(half!.landmarks).entries()) {
      const [ex, ey] = points(whole!.landmarks)[i]!;
      expect(Math.hypot(2 * x - ex, 2 * y - ey)).toBeLessThan(1);
    }
  });

  it('clamps boxes to the picture and calls a face cut off whose landmarks lie outside', async () => {
    const file = lfw('Abdullah_Gul', 13);
    const whole = await readPicture(file);
    const face = central(whole, (await analyser.analyse(whole, {})).faces)!;
    const left = Math.round(face.landmarks.leftEye[0] + 10);
    const cut = await readPicture(file, (p) => p.extract({ left, top: 0, width: 250 - left, height: 250 }));
    const { faces } = await analyser.analyse(cut, { confidence: 0.3 });
    const half = faces.toSorted((a, b) => b.box[2] - b.box[0] - (a.box[2] - a.box[0]))[0]!;
    expect(half.box[0]).toBe(0);
    expect(half).toMatchObject({ unfit: 'cut_off', embedding: null, quality: null, qualitySignal: null });
  });

  it('leaves faces unembedded that are narrower than the smallest that counts', async () => {
    const picky = await LocalFaceAnalyser.open({ ...models(), settings: { ...settings, minFacePx: 2000 } });
    const { faces } = await picky.analyse(await readPicture(faceApiPicture(1)), {});
    expect(faces.map(({ unfit, embedding }) => [unfit, embedding])).toEqual(Array(3).fill(['too_small', null]));
  });

  it('calls a blurred face low in quality and a clear one good', async () => {
    const file = lfw('George_Robertson', 15);
    const qualityOf = async (sigma: number | null) => {
      const image = await readPicture(file, (picture) => (sigma ? picture.blur(sigma) : picture));
      return central(image, (await analyser.analyse(image, { confidence: 0.3 })).faces)!;
    };
    const [clear, blurred] = [await qualityOf(null), await qualityOf(7)];
    expect(clear.unfit).toBeNull();
    expect(clear.quality).toBeGreaterThan(0.6);
    expect(blurred.unfit).toBe('blurred');
    expect(blurred.qualityParts.sharpness).toBeLessThan(0.4);
    expect(clear.qualityParts.sharpness).toBeGreaterThan(0.6);
    expect(blurred.quality).toBeLessThan(0.4);
    // Unfit faces keep what was measured: the console shows it.
    expect(blurred.embedding).not.toBeNull();
  });

  it('embeds a face and its mirror image alike where both are asked for', async () => {
    const flipping = await LocalFaceAnalyser.open({
      ...models(),
      embedder: { ...models().embedder, flip: true },
      settings,
    });
    const file = lfw('George_Robertson', 15);
    const [straight, mirrored] = [await readPicture(file), await readPicture(file, (picture) => picture.flop())];
    const embedded = async (by: LocalFaceAnalyser, image: PixelImage) =>
      central(image, (await by.analyse(image, {})).faces)!;
    const plain = [await embedded(analyser, straight), await embedded(analyser, mirrored)] as const;
    const mean = [await embedded(flipping, straight), await embedded(flipping, mirrored)] as const;
    const alike = cosine(mean[0].embedding!, mean[1].embedding!);
    expect(alike).toBeGreaterThan(0.97);
    expect(alike).toBeGreaterThan(cosine(plain[0].embedding!, plain[1].embedding!));
    // Comparable with what was enrolled without it, and judged by the face as it is.
    expect(cosine(mean[0].embedding!, plain[0].embedding!)).toBeGreaterThan(0.9);
    expect(mean[0].qualityParts).toEqual(plain[0].qualityParts);
    expect(Math.hypot(...mean[0].embedding!.vector)).toBeCloseTo(1, 5);
  });

  it.each([
    [1, 1],
    [7, 3],
    [4000, 100],
    [33, 641],
  ])('finds nobody in noise of %d×%d and does not fail', async (width, height) => {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 2_654_435_761) >>> 13);
    expect((await analyser.analyse({ width, height, format: 'rgb24', data }, {})).faces).toEqual([]);
  });

  it('tells 200 pairs of LFW apart at the threshold of the catalog', async () => {
    const entry = sharedModel('mobilefacenet-arcface-128d').entry as EmbedderEntry;
    const lines = readFileSync(join(sharedDir, 'lfw-dev/pairsDevTest.txt'), 'utf8').trim().split('\n').slice(1);
    const fields = lines.map((line) => line.trim().split(/\s+/));
    const every = <T>(list: T[], step: number) => list.filter((_, i) => i % step === 0);
    const same = every(
      fields.filter((f) => f.length === 3),
      5,
    ).map(([who, a, b]) => [lfw(who!, +a!), lfw(who!, +b!)]);
    const different = every(
      fields.filter((f) => f.length === 4),
      5,
    ).map(([x, a, y, b]) => [lfw(x!, +a!), lfw(y!, +b!)]);
    expect([same.length, different.length]).toEqual([100, 100]);
    const known = new Map<string, Embedding | null>();
    const embed = async (file: string) => {
      if (!known.has(file)) {
        const image = await readPicture(file);
        known.set(file, central(image, (await small.analyse(image, {})).faces)?.embedding ?? null);
      }
      return known.get(file)!;
    };
    let right = 0;
    for (const [pairs, alike] of [
      [same, true],
      [different, false],
    ] as const) {
      for (const [a, b] of pairs) {
        const [first, second] = [await embed(a!), await embed(b!)];
        const similarity = first && second ? similarityOf(entry, cosine(first, second)) : Number.NaN;
        if (similarity >= 0.5 === alike) right += 1;
      }
    }
    expect(right / 200).toBeGreaterThanOrEqual(0.97);
  });
});

describe('the starter networks on the pictures of face-api', () => {
  it('find every person, with landmarks where a face has them', async () => {
    const analyser = await LocalFaceAnalyser.open({
      ...networks(await starterModels()),
      settings: { ...settings, confidence: 0.5 },
    });
    expect(analyser.proofs.map(({ role, provider }) => `${role}: ${provider}`)).toEqual([
      'detector: cpu',
      'landmarks: cpu',
      'embedder: cpu',
    ]);
    const counts: number[] = [];
    for (const number of [1, 2, 3, 4, 5, 6] as const) {
      const image = await readPicture(faceApiPicture(number));
      const { faces } = await analyser.analyse(image, {});
      for (const { landmarks, unfit } of faces) {
        expect(unfit).toBeNull();
        expect(disorder(landmarks)).toBeLessThan(16);
      }
      counts.push(faces.length);
    }
    expect(counts).toEqual([3, 3, 3, 4, 5, 4]);
  });
});
