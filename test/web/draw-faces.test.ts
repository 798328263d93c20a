import { describe, expect, it } from 'vitest';
import type { LiveFace } from '../../web/src/api/live-message.ts';
import { drawFaces, FACE_STYLES, type Pen } from '../../web/src/wall/draw-faces.ts';
import { fitPicture, overlap } from '../../web/src/wall/face-geometry.ts';

interface Stroke {
  colour: unknown;
  dash: number[];
  rect: number[];
}

/** Writes down what is drawn; letters are 7 pixels wide. */
function recordingPen() {
  const strokes: Stroke[] = [];
  const dots: { colour: unknown; x: number; y: number }[] = [];
  const texts: { text: string; x: number; y: number }[] = [];
  const plates: { colour: unknown; x: number; y: number; width: number; height: number }[] = [];
  let dash: number[] = [];
  let dot = { x: 0, y: 0 };
  const pen: Pen = {
    lineWidth: 1,
    lineCap: 'butt',
    strokeStyle: '',
    fillStyle: '',
    font: '',
    textBaseline: 'alphabetic',
    setLineDash: (segments) => {
      dash = segments;
    },
    strokeRect: (...rect) => strokes.push({ colour: pen.strokeStyle, dash, rect }),
    fillRect: (x, y, width, height) => plates.push({ colour: pen.fillStyle, x, y, width, height }),
    beginPath: () => {},
    arc: (x, y) => {
      dot = { x, y };
    },
    fill: () => dots.push({ colour: pen.fillStyle, ...dot }),
    fillText: (text, x, y) => texts.push({ text, x, y }),
    measureText: (text) => ({ width: text.length * 7 }),
  };
  return { pen, strokes, dots, texts, plates };
}

const keypoints = {
  left_eye: [130, 130],
  right_eye: [170, 130],
  nose: [150, 150],
  mouth_left: [135, 170],
  mouth_right: [165, 170],
} as const;
const face = (part: Partial<LiveFace>): LiveFace => ({
  bbox: [100, 100, 200, 220],
  confidence: 0.98,
  keypoints,
  status: 'known',
  subject: { id: 's1', name: 'Ada' },
  similarity: 0.714,
  margin: 0.2,
  quality: 0.83,
  qualitySignal: 'norm',
  reason: null,
  ...part,
});
const picture = { width: 1280, height: 720 };
const unknown = { status: 'unknown', subject: null, similarity: 0.31, reason: 'threshold' } as const;
const unfit = { status: 'unfit', subject: null, similarity: null, reason: 'turned_away' } as const;

describe('drawFaces', () => {
  it.each([
    ['a wide tile', { width: 640, height: 360 }],
    ['a phone', { width: 344, height: 193.5 }],
    ['a square with bars', { width: 500, height: 500 }],
  ])('strokes each box where the picture’s pixels lie: %s', (_, area) => {
    const { pen, strokes } = recordingPen();
    const fit = fitPicture(picture, area);
    const [drawn] = drawFaces(pen, [face({})], fit, area);
    const coloured = strokes.find(({ colour }) => colour === FACE_STYLES.known.colour)!;
    const expected = [fit.dx + 100 * fit.scale, fit.dy + 100 * fit.scale, 100 * fit.scale, 120 * fit.scale];
    for (const [i, value] of coloured.rect.entries()) expect(value).toBeCloseTo(expected[i]!, 6);
    expect(drawn!.box.x).toBeCloseTo(expected[0]!, 6);
  });

  it('tells the three kinds apart by line, not by colour alone', () => {
    const area = { width: 640, height: 360 };
    const { pen, strokes } = recordingPen();
    drawFaces(pen, [face({}), face(unknown), face(unfit)], fitPicture(picture, area), area);
    const lines = Object.values(FACE_STYLES).map(
      ({ colour }) => strokes.find((stroke) => stroke.colour === colour)!.dash,
    );
    expect(new Set(lines.map(String)).size).toBe(3);
    expect(lines[0]).toEqual([]);
  });

  it('says name, similarity and quality of a known face, and why another one has no name', () => {
    const area = { width: 1280, height: 720 };
    const { pen, texts } = recordingPen();
    const faces = [
      face({}),
      face({ ...unknown, bbox: [400, 100, 500, 220] }),
      face({ ...unfit, bbox: [700, 100, 800, 220] }),
    ];
    const drawn = drawFaces(pen, faces, fitPicture(picture, area), area);
    expect(texts.map(({ text }) => text)).toEqual([
      'Ada',
      '0.71 · quality 0.83',
      'Unknown',
      'no match · best 0.31 · quality 0.83',
      'Unfit',
      'turned away · quality 0.83',
    ]);
    expect(drawn.map(({ status }) => status)).toEqual(['known', 'unknown', 'unfit']);
  });

  it('keeps labels of faces side by side off each other on a phone', () => {
    const area = { width: 344, height: 194 };
    const { pen, plates } = recordingPen();
    const faces = [0, 1, 2, 3].map((i) => face({ ...unknown, bbox: [200 + i * 130, 300, 280 + i * 130, 400] }));
    drawFaces(pen, faces, fitPicture(picture, area), area);
    for (const [i, a] of plates.entries()) for (const b of plates.slice(i + 1)) expect(overlap(a, b)).toBe(0);
  });

  it('puts a dot on each landmark, and none on a face that they would cover', () => {
    const area = { width: 640, height: 360 };
    const fit = fitPicture(picture, area);
    const { pen, dots } = recordingPen();
    drawFaces(pen, [face({})], fit, area);
    const centres = new Set(dots.map(({ x, y }) => `${x},${y}`));
    expect(centres).toEqual(new Set(Object.values(keypoints).map(([x, y]) => `${x / 2},${y / 2}`)));
    const small = recordingPen();
    drawFaces(small.pen, [face({ bbox: [100, 100, 140, 150] })], fit, area);
    expect(small.dots).toEqual([]);
  });

  it('shortens a name that is longer than its place', () => {
    const area = { width: 344, height: 194 };
    const { pen, texts } = recordingPen();
    drawFaces(pen, [face({ subject: { id: 's', name: 'X'.repeat(200) } })], fitPicture(picture, area), area);
    expect(texts[0]!.text).toMatch(/^X+…$/);
    expect(texts[0]!.text.length * 7).toBeLessThanOrEqual(200);
  });

  it('draws a face without landmarks, name or figures', () => {
    const area = { width: 640, height: 360 };
    const { pen } = recordingPen();
    const bare = face({ ...unknown, keypoints: null, similarity: null, quality: null, reason: null });
    expect(drawFaces(pen, [bare], fitPicture(picture, area), area)[0]!.label).toBe('Unknown no match');
  });
});
