import { describe, expect, it } from 'vitest';
import { qualityOf, similarityOf } from '../../models/calibration.ts';
import { catalogEntry, type EmbedderEntry } from '../../models/catalog.ts';

const entry = catalogEntry('mobilefacenet-arcface-128d') as EmbedderEntry;

describe('similarityOf', () => {
  it('is 0.5 at the threshold', () => {
    expect(similarityOf(entry, entry.calibration.threshold)).toBe(0.5);
  });

  it('grows with the cosine and stays within 0..1', () => {
    const values = [-1, -0.5, 0, 0.2, 0.3, 0.5, 0.8, 1].map((cosine) => similarityOf(entry, cosine));
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    expect(new Set(values).size).toBe(values.length);
    expect(values.every((value) => value > 0 && value < 1)).toBe(true);
  });

  it('gives 0 for what is not a number', () => {
    expect(similarityOf(entry, Number.NaN)).toBe(0);
  });
});

describe('qualityOf', () => {
  const between: EmbedderEntry = {
    ...entry,
    calibration: {
      ...entry.calibration,
      quality: {
        signal: 'norm',
        points: [
          [10, 0],
          [20, 0.4],
          [30, 1],
        ],
      },
    },
  };

  it.each([
    [-5, 0],
    [10, 0],
    [15, 0.2],
    [20, 0.4],
    [25, 0.7],
    [30, 1],
    [99, 1],
    [Number.POSITIVE_INFINITY, 1],
    [Number.NaN, 0],
  ])('maps a norm of %d to %d', (norm, quality) => {
    expect(qualityOf(between, norm)).toBeCloseTo(quality, 12);
  });
});
