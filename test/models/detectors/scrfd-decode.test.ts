import { describe, expect, it } from 'vitest';
import { decodeScrfd, type ScrfdLevel } from '../../../models/detectors/scrfd-decode.ts';

const canvas = { width: 640, height: 384 };
const STEPS = [8, 16, 32];
const ANCHORS_PER_CELL = 2;

interface Given {
  confidence?: number;
  box?: number[];
  landmarks?: number[];
}

function levelsWith(step: number, anchor: number, { confidence = 1, box, landmarks }: Given): ScrfdLevel[] {
  return STEPS.map((side) => {
    const anchors = ANCHORS_PER_CELL * (canvas.width / side) * (canvas.height / side);
    const level = {
      step: side,
      confidence: new Float32Array(anchors),
      boxes: new Float32Array(4 * anchors),
      landmarks: new Float32Array(10 * anchors),
    };
    if (side === step) {
      level.confidence[anchor] = confidence;
      level.boxes.set(box ?? [1, 1, 1, 1], 4 * anchor);
      level.landmarks.set(landmarks ?? [], 10 * anchor);
    }
    return level;
  });
}

const decode = (step: number, anchor: number, given: Given, threshold = 0.5) =>
  decodeScrfd(levelsWith(step, anchor, given), ANCHORS_PER_CELL, canvas, threshold);

describe('decodeScrfd', () => {
  it.each([
    // step, anchor, top left corner of its cell
    [8, 0, [0, 0]],
    [8, 1, [0, 0]],
    [8, 2, [8, 0]],
    [8, 159, [632, 0]],
    [8, 160, [0, 8]],
    [8, 7679, [632, 376]],
    [16, 82, [16, 16]],
    [32, 479, [608, 352]],
  ])('step %d: anchor %d stands at %j', (step, anchor, [x, y]) => {
    const [face] = decode(step, anchor, {});
    expect(face!.box).toEqual([x! - step, y! - step, x! + step, y! + step]);
    expect(face!.landmarks.nose).toEqual([x, y]);
  });

  it('counts the way to each side and to the landmarks in cells', () => {
    const [face] = decode(16, 82, { box: [1, 2, 3, 4], landmarks: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] });
    expect(face!.box).toEqual([0, -16, 64, 80]);
    expect(face!.landmarks).toEqual({
      leftEye: [32, 48],
      rightEye: [64, 80],
      nose: [96, 112],
      mouthLeft: [128, 144],
      mouthRight: [160, 176],
    });
  });

  it.each([
    [0.49, 0],
    [0.5, 1],
    [0.51, 1],
    [Number.NaN, 0],
  ])('of a confidence of %d makes %d faces', (confidence, faces) => {
    expect(decode(8, 5, { confidence })).toHaveLength(faces);
  });

  it.each<[string, Given]>([
    ['a side', { box: [0, Number.NEGATIVE_INFINITY, 0, 0] }],
    ['a landmark', { landmarks: [0, Number.NaN] }],
  ])('finds no face where %s is not finite', (_, given) => {
    expect(decode(32, 7, given)).toEqual([]);
  });
});
