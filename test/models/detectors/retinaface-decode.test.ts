import { describe, expect, it } from 'vitest';
import { catalogEntry, type RetinaFaceEntry } from '../../../models/catalog.ts';
import { anchorCount, decodeRetinaFace } from '../../../models/detectors/retinaface-decode.ts';

const { anchors } = catalogEntry('retinaface-mobilenet025') as RetinaFaceEntry;
const canvas = { width: 640, height: 384 };
const count = anchorCount(anchors, canvas);

function outputs(fill: (index: number) => { confidence: number; box?: number[]; landmarks?: number[] } | undefined) {
  const [boxes, confidence, landmarks] = [4, 2, 10].map((width) => new Float32Array(count * width));
  for (let i = 0; i < count; i++) {
    const given = fill(i);
    confidence![2 * i] = 1 - (given?.confidence ?? 0);
    confidence![2 * i + 1] = given?.confidence ?? 0;
    boxes!.set(given?.box ?? [], 4 * i);
    landmarks!.set(given?.landmarks ?? [], 10 * i);
  }
  return { boxes: boxes!, confidence: confidence!, landmarks: landmarks! };
}

const decode = (fill: Parameters<typeof outputs>[0], threshold = 0.5) =>
  decodeRetinaFace(outputs(fill), canvas, anchors, threshold);

describe('decodeRetinaFace', () => {
  it('has the anchors of the network: 16,800 at 640×640, 10,080 at 640×384', () => {
    expect(anchorCount(anchors, { width: 640, height: 640 })).toBe(16_800);
    expect(count).toBe(10_080);
  });

  it.each([
    // index, centre, side: level by level, row by row, the cell's sizes together
    [0, [4, 4], 16],
    [1, [4, 4], 32],
    [2, [12, 4], 16],
    [160, [4, 12], 16],
    [7679, [636, 380], 32],
    [7680, [8, 8], 64],
    [7683, [24, 8], 128],
    [9600, [16, 16], 256],
    [10_079, [624, 368], 512],
  ])('anchor %d stands at %j with side %d', (index, [x, y], side) => {
    const [face] = decode((i) => (i === index ? { confidence: 0.9 } : undefined));
    expect(face!.box).toEqual([x! - side / 2, y! - side / 2, x! + side / 2, y! + side / 2]);
    expect(face!.landmarks.nose).toEqual([x, y]);
    expect(face!.confidence).toBeCloseTo(0.9, 6);
  });

  it('applies the variances to position, size and landmarks', () => {
    const [face] = decode((i) =>
      i === 1
        ? { confidence: 1, box: [1, -1, Math.log(2) / 0.2, 0], landmarks: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }
        : undefined,
    );
    // Anchor (4, 4) of 32: a step of 1 is 0.1 · 32.
    const expected = [4 + 3.2 - 32, 4 - 3.2 - 16, 4 + 3.2 + 32, 4 - 3.2 + 16];
    for (const [i, value] of face!.box.entries()) expect(value).toBeCloseTo(expected[i]!, 4);
    expect(face!.landmarks.leftEye.map((v) => Math.round(v * 10) / 10)).toEqual([7.2, 10.4]);
    expect(face!.landmarks.mouthRight.map((v) => Math.round(v * 10) / 10)).toEqual([32.8, 36]);
  });

  it('takes only what reaches the threshold', () => {
    const faces = decode((i) => (i < 3 ? { confidence: [0.49, 0.5, 0.51][i]! } : undefined));
    expect(faces.map((face) => face.confidence)).toEqual([0.5, expect.closeTo(0.51, 6)]);
  });

  it.each([
    ['confidence', { confidence: Number.NaN }],
    ['a box', { confidence: 1, box: [Number.NaN, 0, 0, 0] }],
    ['a size beyond all bounds', { confidence: 1, box: [0, 0, 1e6, 0] }],
    ['a landmark', { confidence: 1, landmarks: [0, 0, Number.POSITIVE_INFINITY] }],
  ])('finds no face where %s is not finite', (_, given) => {
    expect(decode((i) => (i === 5 ? given : undefined))).toEqual([]);
  });
});
