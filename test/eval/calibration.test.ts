import { describe, expect, it } from 'vitest';
import { withPlainSignal } from '../../eval/calibrate.ts';
import { halfOf } from '../../eval/split-people.ts';
import { fitSlope } from '../../eval/statistics/fit-slope.ts';
import { identification } from '../../eval/statistics/identification.ts';
import { margins } from '../../eval/statistics/margins.ts';
import { normalQuality } from '../../eval/statistics/normal-quality.ts';
import { qualityOf, similarityOf } from '../../models/calibration.ts';
import { CATALOG, catalogEntry, type EmbedderEntry } from '../../models/catalog.ts';
import { randomNumbers } from '../support/random-numbers.ts';

describe('halfOf', () => {
  it('says of everybody for good which half they belong to', () => {
    // Their SHA-256 begins with 0x99, 0xcd, 0x68, 0x06.
    expect(['Ada', 'Bob', 'George_W_Bush', 'Zhu_Rongji'].map(halfOf)).toEqual([
      'report',
      'report',
      'calibration',
      'calibration',
    ]);
  });

  it('splits people about evenly', () => {
    const chosen = Array.from({ length: 2000 }, (_, i) => halfOf(`Person_${i}`)).filter((half) => half === 'report');
    expect(Math.abs(chosen.length - 1000)).toBeLessThan(100);
  });
});

describe('fitSlope', () => {
  it.each([4, 12, 30])('finds a slope of %d again', (slope) => {
    const random = randomNumbers(slope);
    const [genuine, impostor]: [number[], number[]] = [[], []];
    for (let i = 0; i < 40_000; i += 1) {
      const similarity = 0.3 + (random() - 0.5) * 0.8;
      const likely = 1 / (1 + Math.exp(-slope * (similarity - 0.3)));
      (random() < likely ? genuine : impostor).push(similarity);
    }
    const found = fitSlope(Float64Array.from(genuine).sort(), Float64Array.from(impostor).sort(), 0.3);
    expect(found / slope).toBeGreaterThan(0.95);
    expect(found / slope).toBeLessThan(1.05);
  });

  it('weighs both kinds alike, however many pairs there are of each', () => {
    const genuine = Float64Array.of(0.2, 0.4, 0.5);
    const impostor = Float64Array.of(-0.1, 0.1, 0.35);
    const many = Float64Array.from([...impostor, ...impostor, ...impostor, ...impostor]).sort();
    expect(fitSlope(genuine, many, 0.3)).toBeCloseTo(fitSlope(genuine, impostor, 0.3), 6);
  });

  it('says so where the kinds do not overlap', () => {
    expect(() => fitSlope(Float64Array.of(0.5, 0.9), Float64Array.of(-0.1, 0.2), 0.3)).toThrow('no best slope');
  });
});

describe('margins', () => {
  // Two pictures of person 0, one each of 1 and 2.
  const people = [0, 0, 1, 2];
  const table = [
    [1, 0.8, 0.3, 0.1],
    [0.8, 1, 0.5, 0.2],
    [0.3, 0.5, 1, 0],
    [0.1, 0.2, 0, 1],
  ];
  const similarity = (a: number, b: number) => table[a]![b]!;
  const options = { strangers: 50, rounds: 2, threshold: 0.6, random: randomNumbers(4) };

  it('are how far the right person is ahead of the second', () => {
    expect(margins(people, similarity, options)).toEqual([expect.closeTo(0.3, 9), expect.closeTo(0.3, 9)]);
  });

  it('leave out searches below the threshold', () => {
    expect(margins(people, similarity, { ...options, threshold: 0.81 })).toEqual([]);
  });
});

describe('identification', () => {
  // Person 0 is alike on both pictures, person 1 on neither; person 2 looks like person 0.
  const people = [0, 0, 1, 1, 2];
  const alike = new Map([
    ['0,1', 0.7],
    ['0,4', 0.5],
    ['1,4', 0.5],
    ['2,3', 0.1],
  ]);
  const similarity = (a: number, b: number) => alike.get([a, b].sort().join()) ?? 0;
  const options = { subjects: 2, rounds: 400, threshold: 0.4, margin: 0.1, random: randomNumbers(6) };

  it('counts who gets which name', () => {
    const found = identification(people, similarity, options);
    // Enrolled in pairs alike often: {0, 1}, {0, 2}, {1, 2}; 2 has no further picture. Of the further pictures of those
    // enrolled, half are of person 0, always right, half of person 1, never named.
    expect(found.namedRightly).toBeCloseTo(0.5, 1);
    expect(found.namedWrongly).toBe(0);
    // Strangers: 2 where {0, 1}, named as 0; twice 1 where {0, 2}, never; twice 0 where {1, 2}, named as 2: 3 of 5.
    expect(found.strangersNamed).toBeCloseTo(0.6, 1);
  });

  it('gives no name where the margin is missing or the threshold is', () => {
    expect(identification(people, similarity, { ...options, threshold: 0.6 }).strangersNamed).toBe(0);
    const close = identification(people, similarity, { ...options, subjects: 2, margin: 0.3 });
    expect(close.namedRightly).toBeLessThan(0.45);
  });

  it('needs somebody who is not enrolled', () => {
    expect(() => identification(people, similarity, { ...options, subjects: 3 })).toThrow('3 people');
  });
});

describe('normalQuality', () => {
  const signals = [16, 20, 24]; // Mean 20, standard deviation 4.

  it('puts the gate 2.8 standard deviations below the mean of clean faces', () => {
    expect(normalQuality(signals, 'more')).toEqual([
      [0, 0],
      [expect.closeTo(8.8, 9), 0.4],
      [expect.closeTo(13.6, 9), 0.6],
      [28, 1],
    ]);
  });

  it('turns round where less is better', () => {
    expect(normalQuality(signals, 'less')).toEqual([
      [12, 1],
      [expect.closeTo(26.4, 9), 0.6],
      [expect.closeTo(31.2, 9), 0.4],
      [40, 0],
    ]);
  });
});

describe('withPlainSignal', () => {
  it('lets the signal come back as it is', () => {
    const entry = withPlainSignal(catalogEntry('mobilefacenet-arcface-128d') as EmbedderEntry);
    for (const norm of [0.93, 11.7, 26.2]) expect(qualityOf(entry, norm) * 1000).toBeCloseTo(norm, 9);
  });
});

describe('the catalog', () => {
  const embedders = [...CATALOG.values()].filter((entry): entry is EmbedderEntry => entry.task === 'embedder');

  it.each(embedders.map((entry) => [entry.name, entry] as const))(
    'maps what %s says to similarities and qualities that rise and have the gate inside',
    (_, entry) => {
      const { threshold, quality } = entry.calibration;
      expect(similarityOf(entry, threshold)).toBe(0.5);
      const signals = quality.points.map(([signal]) => signal);
      expect(signals).toEqual(signals.toSorted((a, b) => a - b));
      const qualities = quality.points.map(([, value]) => value);
      const rising = qualities.toSorted((a, b) => a - b);
      expect(qualities).toEqual(quality.signal === 'rts' ? rising.reverse() : rising);
    },
  );

  it('has presets for every detector that ask for more at a door than in an album', () => {
    for (const entry of CATALOG.values()) {
      if (entry.task !== 'detector') continue;
      expect(entry.presets['access-control']).toBeGreaterThan(entry.presets.default);
      expect(entry.presets.default).toBeGreaterThan(entry.presets.album);
    }
  });
});
