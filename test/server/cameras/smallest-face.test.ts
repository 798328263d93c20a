import { describe, expect, it } from 'vitest';
import { detectorReach } from '../../../server/cameras/detector-reach.ts';
import { betterSettings, smallestFace } from '../../../server/cameras/smallest-face.ts';

const retinaface = detectorReach('retinaface-mobilenet025');
const hd = { width: 1920, height: 1080 };
const settings = { width: 1280, inputSize: 640, minFacePx: 24 };

describe('what a detector looks at', () => {
  it.each([
    ['retinaface-mobilenet025', { anchorPx: 16, fixedInput: null, enlarges: true }],
    ['yunet-2023mar', { anchorPx: 16, fixedInput: null, enlarges: true }],
    ['a-file-of-my-own', { anchorPx: 16, fixedInput: null, enlarges: true }],
    ['starter-ssd-mobilenetv1', { anchorPx: 51.2, fixedInput: 512, enlarges: false }],
  ])('%s', (model, reach) => {
    expect(detectorReach(model)).toEqual(reach);
  });
});

describe('the smallest face', () => {
  it.each([
    // 16 px of the network are 32 px of a frame 1280 wide, and 48 px of the camera.
    ['HD at the defaults', hd, settings, { px: 48, framePx: 32, limitedBy: 'inputSize' }],
    ['HD with a large input', hd, { ...settings, inputSize: 1280 }, { px: 36, framePx: 24, limitedBy: 'minFacePx' }],
    [
      'HD at its full width',
      hd,
      { ...settings, width: 1920, inputSize: 1280 },
      { px: 24, framePx: 24, limitedBy: 'minFacePx' },
    ],
    [
      'a small camera, never enlarged',
      { width: 640, height: 360 },
      settings,
      { px: 24, framePx: 24, limitedBy: 'minFacePx' },
    ],
    [
      'a camera that stands upright',
      { width: 1080, height: 1920 },
      settings,
      { px: 48, framePx: 48, limitedBy: 'inputSize' },
    ],
  ])('of %s', (_, stream, at, expected) => {
    expect(smallestFace(stream, at, retinaface)).toMatchObject(expected);
  });
});

describe('better settings', () => {
  it('give the wanted face just enough', () => {
    const better = betterSettings(hd, settings, retinaface, 30);
    expect(better).toMatchObject({ width: 1536, inputSize: 1024, px: 30 });
    expect(smallestFace(hd, { ...settings, ...better }, retinaface).px).toBe(30);
  });

  it('are the best there can be where the wanted face is smaller than that', () => {
    expect(betterSettings(hd, settings, retinaface, 5)).toMatchObject({ width: 1920, inputSize: 1280, px: 24 });
  });

  it('are none where there are none', () => {
    expect(betterSettings({ width: 640, height: 360 }, settings, retinaface, 24)).toBeNull();
    expect(betterSettings(hd, settings, retinaface, 48)).toBeNull();
    expect(betterSettings(hd, { ...settings, width: 1920, inputSize: 1280 }, retinaface, 10)).toBeNull();
  });

  it('stay within what the settings take', () => {
    const better = betterSettings({ width: 7680, height: 4320 }, settings, retinaface, 24);
    expect(better).toMatchObject({ width: 3840, inputSize: 2048 });
  });

  it('never find larger faces only, whatever is asked', () => {
    for (const width of [320, 640, 1280, 1920, 3840]) {
      for (const wanted of [1, 10, 24, 40, 100]) {
        const stream = { width, height: (width * 9) / 16 };
        const better = betterSettings(stream, settings, retinaface, wanted);
        if (better) expect(better.px).toBeLessThan(smallestFace(stream, settings, retinaface).px);
      }
    }
  });
});
