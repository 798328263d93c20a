import { describe, expect, it } from 'vitest';
import { nearestName } from '../../config/nearest-name.ts';

const known = ['url', 'fps', 'width', 'transport', 'maxFaces', 'minFacePx', 'confidence'];

describe('nearestName', () => {
  it.each([
    ['ulr', 'url'],
    ['uri', 'url'],
    ['FPS', 'fps'],
    ['widht', 'width'],
    ['witdh', 'width'],
    ['max_faces', 'maxFaces'],
    ['max-face', 'maxFaces'],
    ['tranport', 'transport'],
    ['conf', 'confidence'],
    ['confg', 'confidence'],
  ])('%s is meant to be %s', (written, expected) => {
    expect(nearestName(written, known)).toBe(expected);
  });

  it.each(['', 'zzz', 'height', 'a', 'm', 'x'.repeat(10_000)])('%j is like none of them', (written) => {
    expect(nearestName(written, known)).toBeNull();
  });
});
