import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RetinaFaceEntry } from '../../../models/catalog.ts';
import { RetinaFaceDetector } from '../../../models/detectors/retinaface.ts';
import { Session } from '../../../models/runtime/session.ts';
import type { Detection } from '../../../pipeline/face.ts';
import { eachFilmFrame } from '../../support/each-film-frame.ts';
import { WALK } from '../../support/people-in-film.ts';
import { requirement } from '../../support/requirements.ts';
import { sharedModel } from '../../support/shared-model.ts';

/** Confidence, x1 y1 x2 y2, five points: test/reference/README.md. */
type ReferenceFace = readonly [confidence: number, ...coordinates: number[]];

const reference = JSON.parse(
  readFileSync(new URL('../../reference/walk-to-camera.json', import.meta.url), 'utf8'),
) as ReferenceFace[][];

const coordinatesOf = ({ box, landmarks }: Detection): number[] => {
  const { leftEye, rightEye, nose, mouthLeft, mouthRight } = landmarks;
  return [...box, ...leftEye, ...rightEye, ...nose, ...mouthLeft, ...mouthRight];
};

const furthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, at) => Math.abs(value - (b[at] ?? Number.NaN))));

describe.skipIf(!requirement('shared').met || !requirement('ffmpeg').met)(
  'beside a decoder that others could have written, on 100 frames of people who walk to the camera',
  () => {
    const found: Detection[][] = [];

    beforeAll(async () => {
      const model = sharedModel('retinaface-mobilenet025');
      const session = await Session.open(model, { providers: ['cpu'], warmUp: [[1, 3, 384, 640]] });
      const detector = new RetinaFaceDetector(session, model.entry as RetinaFaceEntry, 640);
      for await (const frame of eachFilmFrame(WALK, { width: 1920, height: 1080 }, reference.length)) {
        found.push(await detector.detect(frame, { confidence: 0.7, nms: 0.4, maxFaces: 50 }));
      }
      await session.close();
    });

    it('finds the same number of faces in every frame', () => {
      expect(reference).toHaveLength(100);
      expect(reference.flat().length).toBeGreaterThan(400);
      expect(found.map((faces) => faces.length)).toEqual(reference.map((faces) => faces.length));
    });

    it('puts every box and landmark within 1 px of the 1080p picture, and is as sure within 0.01', () => {
      const apart: number[] = [];
      const confidenceApart: number[] = [];
      for (const [frame, faces] of reference.entries()) {
        for (const [confidence, ...expected] of faces) {
          // By place, not by rank: two faces of nearly the same confidence may change places.
          const distances = found[frame]!.map((face) => furthest(expected, coordinatesOf(face)));
          const nearest = distances.indexOf(Math.min(...distances));
          apart.push(distances[nearest]!);
          confidenceApart.push(Math.abs(found[frame]![nearest]!.confidence - confidence));
        }
      }
      expect(Math.max(...apart)).toBeLessThan(1);
      expect(Math.max(...confidenceApart)).toBeLessThan(0.01);
      // 0.005 where they were made; a machine whose ffmpeg converts colours a little differently gets this much room.
      expect(apart.toSorted((a, b) => a - b)[apart.length >> 1]).toBeLessThan(0.1);
    });
  },
);
