import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbedderEntry, StarterDetectorEntry, StarterLandmarksEntry } from '../../../models/catalog.ts';
import { chooseModels } from '../../../models/choose-models.ts';
import { StarterLandmarks } from '../../../models/detectors/starter-landmarks.ts';
import { StarterSsdDetector } from '../../../models/detectors/starter-ssd.ts';
import { FaceEmbedder } from '../../../models/embedders/embed.ts';
import { Session } from '../../../models/runtime/session.ts';
import { openModelStore, type ResolvedModel } from '../../../models/store.ts';
import type { Detection } from '../../../pipeline/face.ts';
import { readPicture } from '../../support/read-picture.ts';
import { recordedLog } from '../../support/recorded-log.ts';

const pictures = join(dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')), 'demo');
/** People in `sample1.jpg` … `sample6.jpg`, counted by eye. */
const FACES = [3, 3, 3, 4, 5, 4];

interface SampleFace extends Detection {
  readonly picture: number;
  readonly vector: Float32Array;
}

const cosine = (a: SampleFace, b: SampleFace) => a.vector.reduce((sum, value, at) => sum + value * b.vector[at]!, 0);

describe('the starter set on the six pictures of its package', () => {
  const found: SampleFace[] = [];
  let embedderEntry: EmbedderEntry;
  let dir: string;
  const sessions: Session[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'facegate-samples-'));
    const log = recordedLog();
    // Nothing but the package: no mirror, no network.
    const store = openModelStore({ dir, mirrors: [], starter: true, offline: true, log, systemDir: dir });
    const chosen = await chooseModels({ detector: 'auto', embedder: 'auto', store, starter: true, log });
    const open = async (model: ResolvedModel) => {
      const [width, height] = model.entry.input.size!;
      const session = await Session.open(model, { providers: ['cpu'], warmUp: [[1, 3, height, width]] });
      sessions.push(session);
      return session;
    };
    const landmarks = chosen.landmarks!;
    const detector = new StarterSsdDetector(
      await open(chosen.detector),
      chosen.detector.entry as StarterDetectorEntry,
      new StarterLandmarks(await open(landmarks), landmarks.entry as StarterLandmarksEntry),
    );
    embedderEntry = chosen.embedder.entry as EmbedderEntry;
    const embedder = new FaceEmbedder(await open(chosen.embedder), embedderEntry);
    for (const picture of FACES.keys()) {
      const image = await readPicture(join(pictures, `sample${picture + 1}.jpg`));
      for (const face of await detector.detect(image, { confidence: 0.5, nms: 0.4, maxFaces: 20 })) {
        const { vector } = await embedder.embed(image, face.landmarks);
        found.push({ ...face, picture, vector: vector! });
      }
    }
  });
  afterAll(async () => {
    for (const session of sessions) await session.close();
    await rm(dir, { recursive: true });
  });

  it('finds every face and nothing else', () => {
    expect(FACES.map((_, picture) => found.filter((face) => face.picture === picture).length)).toEqual(FACES);
  });

  it('puts the landmarks of every face where they belong', () => {
    for (const { box, landmarks } of found) {
      const { leftEye, rightEye, nose, mouthLeft, mouthRight } = landmarks;
      for (const [x, y] of [leftEye, rightEye, nose, mouthLeft, mouthRight]) {
        expect(x).toBeGreaterThan(box[0] - 5);
        expect(x).toBeLessThan(box[2] + 5);
        expect(y).toBeGreaterThan(box[1] - 5);
        expect(y).toBeLessThan(box[3] + 5);
      }
      expect(leftEye[0]).toBeLessThan(rightEye[0]);
      expect(mouthLeft[0]).toBeLessThan(mouthRight[0]);
      expect(Math.max(leftEye[1], rightEye[1])).toBeLessThan(Math.min(mouthLeft[1], mouthRight[1]));
    }
  });

  it('tells the people of one picture apart', () => {
    const { threshold } = embedderEntry.calibration;
    for (const a of found) {
      for (const b of found) if (a !== b && a.picture === b.picture) expect(cosine(a, b)).toBeLessThan(threshold);
    }
  });

  it('knows a person of the first picture again in the third', () => {
    const { threshold, margin } = embedderEntry.calibration;
    const [first, third] = [0, 2].map((picture) => found.filter((face) => face.picture === picture));
    const pairs = first!.flatMap((a) => third!.map((b) => cosine(a, b))).sort((a, b) => b - a);
    expect(pairs[0]).toBeGreaterThan(threshold);
    expect(pairs[0]! - pairs[1]!).toBeGreaterThan(margin);
  });
});
