import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RetinaFaceEntry } from '../../../models/catalog.ts';
import { RetinaFaceDetector } from '../../../models/detectors/retinaface.ts';
import { intersectionOverUnion } from '../../../models/detectors/suppress-overlaps.ts';
import { Session } from '../../../models/runtime/session.ts';
import type { Detection } from '../../../pipeline/face.ts';
import type { PixelImage } from '../../../pipeline/pixel-image.ts';
import { filmFrames } from '../../support/film-frames.ts';
import { WALK } from '../../support/people-in-film.ts';
import { requirement } from '../../support/requirements.ts';
import { sharedModel } from '../../support/shared-model.ts';

const MODEL = 'retinaface-mobilenet025';

/** A part of the picture, as if the camera had seen no more. */
function cut(image: PixelImage, left: number, top: number, width: number, height: number): PixelImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, format: 'rgb24', data };
}

describe.skipIf(!requirement('shared').met || !requirement('ffmpeg').met)(
  'RetinaFace at other sizes and ratios',
  () => {
    let session: Session;
    let picture: PixelImage;

    beforeAll(async () => {
      session = await Session.open(sharedModel(MODEL), { providers: ['cpu'], warmUp: [[1, 3, 384, 640]] });
      [picture] = (await filmFrames(WALK, { every: 10, count: 1, width: 1920, height: 1080 })) as [PixelImage];
    });
    afterAll(() => session.close());

    const detect = (image: PixelImage, longestSide: number, confidence = 0.7): Promise<Detection[]> =>
      new RetinaFaceDetector(session, sharedModel(MODEL).entry as RetinaFaceEntry, longestSide).detect(image, {
        confidence,
        nms: 0.4,
        maxFaces: 50,
      });

    /** Each of `faces` is among `others` once those are moved by that much: half of both boxes together is shared (a small face's box breathes with the scale). */
    function expectAmong(faces: readonly Detection[], others: readonly Detection[], left = 0, top = 0): void {
      expect(faces.length).toBeGreaterThan(0);
      for (const { box } of faces) {
        const overlaps = others.map(({ box: [x1, y1, x2, y2] }) =>
          intersectionOverUnion(box, [x1 + left, y1 + top, x2 + left, y2 + top]),
        );
        expect(Math.max(...overlaps)).toBeGreaterThan(0.5);
      }
    }

    it.each([960, 1024, 1920])('finds at %i px whom it finds at 640', async (longestSide) => {
      const small = await detect(picture, 640, 0.85);
      const large = await detect(picture, longestSide);
      expect(large.length).toBeGreaterThanOrEqual(small.length);
      expectAmong(small, large);
    });

    it.each([
      ['portrait', 431, 1077, 640],
      ['portrait, large', 431, 1077, 1024],
      ['nearly square', 701, 699, 640],
      ['a letterbox slot', 1919, 301, 1024],
    ])('finds a face in a cut-out of any shape (%s)', async (_, width, height, longestSide) => {
      const whole = await detect(picture, 640, 0.85);
      for (const face of whole) {
        const [x, y] = face.landmarks.nose;
        const left = Math.round(Math.min(Math.max(0, x - width / 2), picture.width - width));
        const top = Math.round(Math.min(Math.max(0, y - height / 2), picture.height - height));
        const found = await detect(cut(picture, left, top, width, height), longestSide, 0.5);
        expectAmong([face], found, left, top);
        for (const { box } of found) {
          expect(box[0]).toBeGreaterThanOrEqual(0);
          expect(box[3]).toBeLessThanOrEqual(height);
        }
      }
    });
  },
);
