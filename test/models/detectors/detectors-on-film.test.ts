import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { catalogEntry, type RetinaFaceEntry, type ScrfdEntry, type YuNetEntry } from '../../../models/catalog.ts';
import type { DetectOptions, FaceDetector } from '../../../models/detectors/face-detector.ts';
import { RetinaFaceDetector } from '../../../models/detectors/retinaface.ts';
import { ScrfdDetector } from '../../../models/detectors/scrfd.ts';
import { intersectionOverUnion } from '../../../models/detectors/suppress-overlaps.ts';
import { YuNetDetector } from '../../../models/detectors/yunet.ts';
import { Session } from '../../../models/runtime/session.ts';
import type { Detection } from '../../../pipeline/face.ts';
import type { PixelImage } from '../../../pipeline/pixel-image.ts';
import { filmFrames } from '../../support/film-frames.ts';
import { requirement, sharedDir } from '../../support/requirements.ts';

const LONGEST_SIDE = 640;
const options: DetectOptions = { confidence: 0.7, nms: 0.4, maxFaces: 50 };

const open = (name: string, file = `${name}.onnx`) =>
  Session.open(
    { entry: catalogEntry(name), path: join(sharedDir, 'models', file), origin: '../shared/models' },
    { providers: ['cpu'], warmUp: [[1, 3, 384, LONGEST_SIDE]] },
  );

const middle = <T>(values: readonly T[]): T => values.toSorted((a, b) => Number(a) - Number(b))[values.length >> 1]!;
const widthOf = ({ box }: Detection) => box[2] - box[0];

/** The one of `faces` that is the same face: its nose is the nearest, and less than half a face away. */
function sameFace(face: Detection, faces: readonly Detection[]): Detection | undefined {
  const [x, y] = face.landmarks.nose;
  const distance = ({ landmarks: { nose } }: Detection) => Math.hypot(nose[0] - x, nose[1] - y);
  const nearest = faces.toSorted((a, b) => distance(a) - distance(b))[0];
  return nearest && distance(nearest) < widthOf(face) / 2 ? nearest : undefined;
}

/** Mean distance of the five points, in widths of the face. */
function landmarkDistance(a: Detection, b: Detection): number {
  const names = Object.keys(a.landmarks) as (keyof Detection['landmarks'])[];
  const distances = names.map((name) =>
    Math.hypot(a.landmarks[name][0] - b.landmarks[name][0], a.landmarks[name][1] - b.landmarks[name][1]),
  );
  return distances.reduce((sum, distance) => sum + distance, 0) / distances.length / widthOf(a);
}

describe.skipIf(!requirement('shared').met || !requirement('ffmpeg').met)('on people who walk to the camera', () => {
  let frames: PixelImage[];
  let byRetinaFace: Detection[][];
  const detectors: Record<string, FaceDetector> = {};

  const detect = async (detector: FaceDetector, changes: Partial<DetectOptions> = {}) => {
    const found: Detection[][] = [];
    for (const frame of frames) found.push(await detector.detect(frame, { ...options, ...changes }));
    return found;
  };

  beforeAll(async () => {
    const film = join(sharedDir, 'media/walk-to-camera-1080p25.mp4');
    frames = await filmFrames(film, { every: 5, count: 20, width: 1280, height: 720 });
    const retinaface = 'retinaface-mobilenet025';
    byRetinaFace = await detect(
      new RetinaFaceDetector(await open(retinaface), catalogEntry(retinaface) as RetinaFaceEntry, LONGEST_SIDE),
    );
    const [yunet, scrfd] = ['yunet-2023mar', 'scrfd-500m-bnkps'];
    detectors.YuNet = new YuNetDetector(await open(yunet!), catalogEntry(yunet!) as YuNetEntry, LONGEST_SIDE);
    detectors.SCRFD = new ScrfdDetector(
      await open(scrfd!, `research/${scrfd}.onnx`),
      catalogEntry(scrfd!) as ScrfdEntry,
      LONGEST_SIDE,
    );
  });

  it('there is something to compare: twenty frames, three to seven faces each', () => {
    expect(byRetinaFace).toHaveLength(20);
    for (const faces of byRetinaFace) expect(faces.length).toBeGreaterThanOrEqual(3);
    expect(byRetinaFace.flat().length).toBeGreaterThan(90);
  });

  it.each([
    // Confidences of two networks are not the same scale: SCRFD's 0.5 finds about what RetinaFace's 0.7 does.
    ['YuNet', 0.7, 0.92],
    ['SCRFD', 0.5, 0.95],
  ])(
    '%s at a confidence of %d finds the faces that RetinaFace finds, where it finds them',
    async (name, confidence, share) => {
      const found = await detect(detectors[name]!, { confidence });
      const pairs = byRetinaFace.flatMap((faces, at) =>
        faces.flatMap((face) => {
          const same = sameFace(face, found[at]!);
          return same ? [[face, same] as const] : [];
        }),
      );
      expect(pairs.length / byRetinaFace.flat().length).toBeGreaterThan(share);

      const overlaps = pairs.map(([a, b]) => intersectionOverUnion(a.box, b.box));
      expect(middle(overlaps)).toBeGreaterThan(0.8);
      // A face half behind another one is boxed differently by differently trained networks.
      expect(overlaps.filter((overlap) => overlap >= 0.6).length / overlaps.length).toBeGreaterThan(0.97);
      expect(Math.min(...overlaps)).toBeGreaterThan(0.5);

      const distances = pairs.map(([a, b]) => landmarkDistance(a, b));
      expect(middle(distances)).toBeLessThan(0.1);
      expect(Math.max(...distances)).toBeLessThan(0.35);
    },
  );

  it.each(['YuNet', 'SCRFD'])(
    '%s has the best first, boxes inside the picture, and no more than asked for',
    async (name) => {
      const frame = frames[3]!;
      const faces = await detectors[name]!.detect(frame, { confidence: 0.3, nms: 0.4, maxFaces: 4 });
      expect(faces).toHaveLength(4);
      const confidences = faces.map((face) => face.confidence);
      expect(confidences).toEqual(confidences.toSorted((a, b) => b - a));
      for (const { box } of faces) {
        expect(box[0] >= 0 && box[1] >= 0 && box[2] <= frame.width && box[3] <= frame.height).toBe(true);
      }
    },
  );

  it.each(['YuNet', 'SCRFD'])('%s finds nothing in a picture of one colour', async (name) => {
    const data = new Uint8Array(1280 * 720 * 3).fill(120);
    const grey: PixelImage = { width: 1280, height: 720, format: 'rgb24', data };
    expect(await detectors[name]!.detect(grey, { ...options, confidence: 0.5 })).toEqual([]);
  });
});
