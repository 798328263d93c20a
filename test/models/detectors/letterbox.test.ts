import { describe, expect, it } from 'vitest';
import { letterbox, squareLetterbox } from '../../../models/detectors/letterbox.ts';

describe('letterbox', () => {
  it.each([
    // picture, content, canvas
    [
      [1280, 720],
      [640, 360],
      [640, 384],
    ],
    [
      [1920, 1080],
      [640, 360],
      [640, 384],
    ],
    [
      [720, 1280],
      [360, 640],
      [384, 640],
    ],
    [
      [640, 480],
      [640, 480],
      [640, 480],
    ],
    [
      [320, 240],
      [640, 480],
      [640, 480],
    ],
    [
      [250, 250],
      [640, 640],
      [640, 640],
    ],
    [
      [1, 1],
      [640, 640],
      [640, 640],
    ],
    [
      [4000, 100],
      [640, 16],
      [640, 32],
    ],
    [
      [100, 4000],
      [16, 640],
      [32, 640],
    ],
    [
      [4000, 1],
      [640, 1],
      [640, 32],
    ],
    [
      [1281, 719],
      [640, 359],
      [640, 384],
    ],
  ])('puts %j as %j on %j', ([width, height], content, canvas) => {
    const boxed = letterbox({ width: width!, height: height! }, 640);
    expect([boxed.content.width, boxed.content.height]).toEqual(content);
    expect([boxed.canvas.width, boxed.canvas.height]).toEqual(canvas);
  });

  it('keeps the aspect ratio to half a pixel and the canvas minimal, whatever the size', () => {
    for (let width = 1; width < 5000; width = Math.ceil(width * 1.37)) {
      for (let height = 1; height < 5000; height = Math.ceil(height * 1.29)) {
        const { content, canvas } = letterbox({ width, height }, 640);
        const scale = 640 / Math.max(width, height);
        expect(Math.max(content.width, content.height)).toBe(640);
        expect(Math.abs(content.width - Math.max(1, width * scale))).toBeLessThanOrEqual(0.5);
        expect(Math.abs(content.height - Math.max(1, height * scale))).toBeLessThanOrEqual(0.5);
        expect([canvas.width % 32, canvas.height % 32]).toEqual([0, 0]);
        expect(canvas.width - content.width).toBeLessThan(32);
        expect(canvas.height - content.height).toBeLessThan(32);
      }
    }
  });
});

describe('squareLetterbox', () => {
  it('always has the same canvas', () => {
    expect(squareLetterbox({ width: 1280, height: 720 }, 512)).toEqual({
      canvas: { width: 512, height: 512 },
      content: { width: 512, height: 288 },
    });
  });
});
