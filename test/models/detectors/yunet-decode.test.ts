import { describe, expect, it } from 'vitest';
import { decodeYuNet, type YuNetLevel } from '../../../models/detectors/yunet-decode.ts';

const canvas = { width: 640, height: 384 };
const STEPS = [8, 16, 32];

interface Given {
  face?: number;
  object?: number;
  box?: number[];
  landmarks?: number[];
}

/** Levels that say nothing but what is given for one cell of one of them. */
function levelsWith(step: number, cell: number, { face = 1, object = 1, box, landmarks }: Given): YuNetLevel[] {
  return STEPS.map((side) => {
    const cells = (canvas.width / side) * (canvas.height / side);
    const level = {
      step: side,
      face: new Float32Array(cells),
      object: new Float32Array(cells),
      boxes: new Float32Array(4 * cells),
      landmarks: new Float32Array(10 * cells),
    };
    if (side === step) {
      level.face[cell] = face;
      level.object[cell] = object;
      level.boxes.set(box ?? [], 4 * cell);
      level.landmarks.set(landmarks ?? [], 10 * cell);
    }
    return level;
  });
}

const decode = (step: number, cell: number, given: Given, threshold = 0.5) =>
  decodeYuNet(levelsWith(step, cell, given), canvas, threshold);

describe('decodeYuNet', () => {
  it.each([
    // step, cell, top left corner of the cell
    [8, 0, [0, 0]],
    [8, 79, [632, 0]],
    [8, 80, [0, 8]],
    [8, 3839, [632, 376]],
    [16, 41, [16, 16]],
    [32, 239, [608, 352]],
  ])('step %d: cell %d stands at %j and its box is as large as the cell', (step, cell, [x, y]) => {
    const [face] = decode(step, cell, {});
    expect(face!.box).toEqual([x! - step / 2, y! - step / 2, x! + step / 2, y! + step / 2]);
    expect(face!.landmarks.nose).toEqual([x, y]);
    expect(face!.confidence).toBe(1);
  });

  it('counts centre and landmarks in cells and sizes by their logarithm', () => {
    const box = [0.5, -1, Math.log(3), Math.log(4)];
    const [face] = decode(16, 41, { box, landmarks: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] });
    const expected = [24 - 24, 0 - 32, 24 + 24, 0 + 32];
    for (const [i, value] of face!.box.entries()) expect(value).toBeCloseTo(expected[i]!, 4);
    expect(face!.landmarks).toEqual({
      leftEye: [32, 48],
      rightEye: [64, 80],
      nose: [96, 112],
      mouthLeft: [128, 144],
      mouthRight: [160, 176],
    });
  });

  it.each([
    [0.9, 0.4, 0.6],
    [0.25, 1, 0.5],
    [1.5, 0.36, 0.6],
    [1, -0.1, null],
    [0.24, 1, null],
    [Number.NaN, 1, null],
  ])('face %d and object %d make %d', (face, object, expected) => {
    const [found] = decode(8, 5, { face, object });
    if (expected === null) expect(found).toBeUndefined();
    else expect(found!.confidence).toBeCloseTo(expected, 6);
  });

  it.each<[string, Given]>([
    ['a centre', { box: [Number.NaN, 0, 0, 0] }],
    ['a size beyond all bounds', { box: [0, 0, 1e6, 0] }],
    ['a landmark', { landmarks: [0, 0, Number.POSITIVE_INFINITY] }],
  ])('finds no face where %s is not finite', (_, given) => {
    expect(decode(32, 7, given)).toEqual([]);
  });
});
