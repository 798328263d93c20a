import { describe, expect, it } from 'vitest';
import { catalogEntry, type RetinaFaceEntry } from '../../../models/catalog.ts';
import type { Candidate } from '../../../models/detectors/candidate.ts';
import { fiveLandmarks } from '../../../models/detectors/candidate.ts';
import { facesInPicture } from '../../../models/detectors/faces-in-picture.ts';
import { letterbox, type Size } from '../../../models/detectors/letterbox.ts';
import { anchorCount, decodeRetinaFace, type RetinaFaceOutputs } from '../../../models/detectors/retinaface-decode.ts';
import { intersectionOverUnion, suppressOverlaps } from '../../../models/detectors/suppress-overlaps.ts';
import type { Box } from '../../../pipeline/face.ts';
import { randomNumbers } from '../../support/random-numbers.ts';

const { anchors } = catalogEntry('retinaface-mobilenet025') as RetinaFaceEntry;
const SEEDS = Array.from({ length: 24 }, (_, seed) => seed + 1);
const LONGEST_SIDES = [320, 640, 1024, 1536];

/** Numbers for one case: whole ones of a range, and one of a list. */
function dice(seed: number) {
  const next = randomNumbers(seed);
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return { next, whole, one: <T>(list: readonly T[]): T => list[whole(0, list.length - 1)]! };
}

/** From a stamp to a panorama: up to a hundred times as wide as high, or as high as wide. */
function anyPicture({ next, whole, one }: ReturnType<typeof dice>): Size {
  const long = whole(1, 8000);
  const short = Math.max(1, Math.round(long / one([1, 4 / 3, 16 / 9, 3 + next(), 20, 100])));
  return next() < 0.5 ? { width: long, height: short } : { width: short, height: long };
}

/** Where the anchors stand, made as a table, level by level, row by row, the sizes of a cell together. */
function anchorTable(canvas: Size): { x: number; y: number; size: number }[] {
  return anchors.steps.flatMap((step, level) => {
    const rows = Array.from({ length: canvas.height / step }, (_, row) => row);
    const columns = Array.from({ length: canvas.width / step }, (_, column) => column);
    return rows.flatMap((row) =>
      columns.flatMap((column) =>
        anchors.minSizes[level]!.map((size) => ({ x: (column + 0.5) * step, y: (row + 0.5) * step, size })),
      ),
    );
  });
}

/** What a network would say that sees `faces` at the anchors of those indices, and nothing else. */
function outputsOf(canvas: Size, faces: ReadonlyMap<number, Candidate>): RetinaFaceOutputs {
  const table = anchorTable(canvas);
  const [boxes, confidence, landmarks] = [4, 2, 10].map((width) => new Float32Array(table.length * width)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const [position, size] = anchors.variances;
  for (const [index, { box, landmarks: points, confidence: sure }] of faces) {
    const anchor = table[index]!;
    const away = (value: number, from: number) => (value - from) / (position * anchor.size);
    const [x1, y1, x2, y2] = box;
    boxes.set([away((x1 + x2) / 2, anchor.x), away((y1 + y2) / 2, anchor.y)], 4 * index);
    boxes.set([Math.log((x2 - x1) / anchor.size) / size, Math.log((y2 - y1) / anchor.size) / size], 4 * index + 2);
    const order = [points.leftEye, points.rightEye, points.nose, points.mouthLeft, points.mouthRight];
    landmarks.set(
      order.flatMap(([x, y]) => [away(x, anchor.x), away(y, anchor.y)]),
      10 * index,
    );
    confidence.set([1 - sure, sure], 2 * index);
  }
  return { boxes, confidence, landmarks };
}

function someFaces(canvas: Size, { next, whole }: ReturnType<typeof dice>): Map<number, Candidate> {
  const table = anchorTable(canvas);
  const faces = new Map<number, Candidate>();
  for (let face = 0; face < 12; face++) {
    const index = whole(0, table.length - 1);
    const { x, y, size } = table[index]!;
    const [centreX, centreY] = [x + (next() - 0.5) * size, y + (next() - 0.5) * size];
    const [halfWidth, halfHeight] = [size * (0.3 + next()), size * (0.3 + next())];
    faces.set(index, {
      box: [centreX - halfWidth, centreY - halfHeight, centreX + halfWidth, centreY + halfHeight],
      landmarks: fiveLandmarks(() => [x + (next() - 0.5) * size, y + (next() - 0.5) * size]),
      confidence: 0.5 + next() / 2,
    });
  }
  return faces;
}

const numbersOf = ({ box, landmarks, confidence }: Candidate) => [
  ...box,
  ...Object.values(landmarks).flat(),
  confidence,
];

describe.each(SEEDS)('RetinaFace decoded, case %i', (seed) => {
  const random = dice(seed);
  const { canvas } = letterbox(anyPicture(random), random.one(LONGEST_SIDES));
  const faces = someFaces(canvas, random);
  const inOrder = [...faces].toSorted(([a], [b]) => a - b).map(([, face]) => face);

  it('gives back every face that was put in, wherever the anchor and however odd the canvas', () => {
    expect(anchorCount(anchors, canvas)).toBe(anchorTable(canvas).length);
    const found = decodeRetinaFace(outputsOf(canvas, faces), canvas, anchors, 0.5);
    expect(found).toHaveLength(inOrder.length);
    for (const [at, face] of found.entries()) {
      const expected = numbersOf(inOrder[at]!);
      for (const [i, value] of numbersOf(face).entries()) {
        // A float32 holds seven digits; positions of a 1536 px canvas have four before the point.
        expect(Math.abs(value - expected[i]!), `${value} beside ${expected[i]}`).toBeLessThan(2e-3);
      }
    }
  });

  it('survives any number in any place, and loses only the faces that were hit', () => {
    const outputs = outputsOf(canvas, faces);
    const clean = decodeRetinaFace(outputs, canvas, anchors, 0.5);
    const hit = new Set([...faces.keys()].filter(() => random.next() < 0.5));
    const wrong = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const index of hit) {
      const [values, width] = random.one([
        [outputs.boxes, 4],
        [outputs.landmarks, 10],
      ] as const);
      values[width * index + random.whole(0, width - 1)] = random.one(wrong);
    }
    // Where no face is nobody looks.
    for (let i = 0; i < 50; i++) {
      const index = random.whole(0, outputs.confidence.length / 2 - 1);
      if (!faces.has(index)) outputs.boxes[4 * index] = random.one(wrong);
    }
    const found = decodeRetinaFace(outputs, canvas, anchors, 0.5);
    const indices = [...faces.keys()].toSorted((a, b) => a - b);
    const untouched = clean.filter((_, at) => !hit.has(indices[at]!));
    // A width of exp(−∞) is 0, and finite: a box without area, which nothing downstream takes for a face.
    const withArea = found.filter(({ box }) => box[2] > box[0] && box[3] > box[1]);
    expect(withArea).toEqual(untouched);
    for (const face of found) expect(numbersOf(face).every(Number.isFinite)).toBe(true);
  });

  it('takes no face whose confidence is no number', () => {
    const outputs = outputsOf(canvas, faces);
    for (const index of faces.keys()) outputs.confidence[2 * index + 1] = Number.NaN;
    expect(decodeRetinaFace(outputs, canvas, anchors, 0)).toHaveLength(anchorCount(anchors, canvas) - faces.size);
  });
});

describe.each(SEEDS)('a picture of any shape, case %i', (seed) => {
  const random = dice(seed + 1000);
  const picture = anyPicture(random);
  const longestSide = random.one(LONGEST_SIDES);
  const boxed = letterbox(picture, longestSide);

  it('fits into a canvas of multiples of 32 that is no larger than it must be', () => {
    const { canvas, content } = boxed;
    expect(Math.max(content.width, content.height)).toBe(longestSide);
    for (const side of ['width', 'height'] as const) {
      expect(canvas[side] % 32).toBe(0);
      expect(content[side]).toBeGreaterThanOrEqual(1);
      expect(canvas[side] - content[side]).toBeGreaterThanOrEqual(0);
      expect(canvas[side] - content[side]).toBeLessThan(32);
      // Half a pixel of rounding, or the one pixel that a sliver keeps.
      const exact = (picture[side] * longestSide) / Math.max(picture.width, picture.height);
      expect(Math.abs(content[side] - exact)).toBeLessThanOrEqual(Math.max(0.5, 1 - exact));
    }
  });

  it('has its faces inside, where they were seen', () => {
    const { content } = boxed;
    const candidates = Array.from({ length: 20 }, (): Candidate => {
      const [x, y] = [random.next() * content.width, random.next() * content.height];
      const [width, height] = [random.next() * content.width, random.next() * content.height];
      return {
        box: [x - width, y - height, x + width, y + height],
        landmarks: fiveLandmarks(() => [x, y]),
        confidence: random.next(),
      };
    });
    const found = facesInPicture(candidates, picture, boxed, { nms: 1, maxFaces: 20 });
    expect(found).toHaveLength(20);
    for (const [at, { box, landmarks }] of found.entries()) {
      expect(box[0]).toBeGreaterThanOrEqual(0);
      expect(box[1]).toBeGreaterThanOrEqual(0);
      expect(box[2]).toBeLessThanOrEqual(picture.width);
      expect(box[3]).toBeLessThanOrEqual(picture.height);
      const best = candidates.toSorted((a, b) => b.confidence - a.confidence)[at]!;
      expect(landmarks.nose[0] / picture.width).toBeCloseTo(best.landmarks.nose[0] / content.width, 9);
      expect(landmarks.nose[1] / picture.height).toBeCloseTo(best.landmarks.nose[1] / content.height, 9);
    }
  });
});

describe('faces in a picture', () => {
  it('lose no place to a box outside the picture, or without an area', () => {
    const picture = { width: 1280, height: 720 };
    const at = (box: Box, confidence: number): Candidate => ({
      box,
      landmarks: fiveLandmarks(() => [box[0], box[1]]),
      confidence,
    });
    const candidates = [
      // The picture ends at 360; below lies padding.
      at([100, 365, 140, 384], 0.99),
      at([200, 100, 200, 140], 0.98),
      at([-40, 100, -1, 140], 0.97),
      at([300, 100, 340, 140], 0.9),
    ];
    const found = facesInPicture(candidates, picture, letterbox(picture, 640), { nms: 0.4, maxFaces: 1 });
    expect(found.map(({ box, confidence }) => ({ box, confidence }))).toEqual([
      { box: [600, 200, 680, 280], confidence: 0.9 },
    ]);
  });
});

describe.each(SEEDS)('suppressed overlaps, case %i', (seed) => {
  const random = dice(seed + 2000);
  const nms = random.one([0.2, 0.4, 0.5, 0.8]);
  const candidates = Array.from({ length: random.whole(0, 120) }, () => {
    const [x, y, side] = [random.next() * 100, random.next() * 100, 5 + random.next() * 40];
    // Some are as sure as others: order decides between them.
    const confidence = random.next() < 0.2 ? 0.75 : random.next();
    return { box: [x, y, x + side, y + side * (0.5 + random.next())] as Box, confidence };
  });
  const kept = suppressOverlaps(candidates, nms, Number.POSITIVE_INFINITY);

  it('keep the surest, best first, and no two that overlap by more', () => {
    for (const [at, face] of kept.entries()) {
      if (at > 0) expect(face.confidence).toBeLessThanOrEqual(kept[at - 1]!.confidence);
      for (const other of kept.slice(0, at)) {
        expect(intersectionOverUnion(face.box, other.box)).toBeLessThanOrEqual(nms);
      }
    }
    expect(kept[0]?.confidence).toBe(
      candidates.length === 0 ? undefined : Math.max(...candidates.map((c) => c.confidence)),
    );
  });

  it('drop nothing without a better one that covers it', () => {
    for (const face of candidates.filter((candidate) => !kept.includes(candidate))) {
      const better = kept.filter(({ confidence }) => confidence >= face.confidence);
      expect(better.some(({ box }) => intersectionOverUnion(box, face.box) > nms)).toBe(true);
    }
  });

  it('are the first so many, and the same when asked again', () => {
    const most = random.whole(0, 10);
    expect(suppressOverlaps(candidates, nms, most)).toEqual(kept.slice(0, most));
    expect(suppressOverlaps(kept, nms, Number.POSITIVE_INFINITY)).toEqual(kept);
  });

  it('do not depend on the order in which they come, where none is as sure as another', () => {
    const distinct = candidates.map((candidate, at) => ({
      ...candidate,
      confidence: candidate.confidence + at * 1e-9,
    }));
    const shuffled = distinct.toSorted(() => random.next() - 0.5);
    const again = suppressOverlaps(shuffled, nms, Number.POSITIVE_INFINITY);
    expect(again).toEqual(suppressOverlaps(distinct, nms, Number.POSITIVE_INFINITY));
  });
});
