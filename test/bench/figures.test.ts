import { describe, expect, it } from 'vitest';
import { histogram, histogramLines } from '../../bench/live/histogram.ts';
import { lineFit } from '../../bench/live/line-fit.ts';
import { plotSvg } from '../../bench/live/plot.ts';
import { plotText } from '../../bench/live/plot-text.ts';

describe('a line through points', () => {
  it('is the line they lie on', () => {
    const fit = lineFit([0, 1, 5, 20].map((x) => [x, 17 + 4.5 * x] as const));
    expect(fit.slope).toBeCloseTo(4.5);
    expect(fit.intercept).toBeCloseTo(17);
    expect(fit.r2).toBeCloseTo(1);
  });

  it('has the least squares (Anscombe’s first set)', () => {
    const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
    const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
    const fit = lineFit(x.map((value, i) => [value, y[i]!] as const));
    expect(fit.slope).toBeCloseTo(0.5, 3);
    expect(fit.intercept).toBeCloseTo(3, 2);
    expect(fit.r2).toBeCloseTo(0.667, 2);
  });

  it('needs two different x', () => {
    expect(() =>
      lineFit([
        [1, 2],
        [1, 3],
      ]),
    ).toThrow(RangeError);
    expect(() => lineFit([])).toThrow(RangeError);
  });
});

describe('a histogram', () => {
  it('counts each value once and keeps empty bins', () => {
    expect(histogram([41, 59.9, 60, 101], 20)).toEqual([
      { from: 40, to: 60, count: 2 },
      { from: 60, to: 80, count: 1 },
      { from: 80, to: 100, count: 0 },
      { from: 100, to: 120, count: 1 },
    ]);
    expect(histogram([], 20)).toEqual([]);
  });

  it('puts all from its end on into one bin', () => {
    expect(histogram([10, 600, 5000], 20, 600)).toEqual([
      { from: 0, to: 20, count: 1 },
      { from: 600, to: Number.POSITIVE_INFINITY, count: 2 },
    ]);
    expect(histogram([700], 20, 600)).toEqual([{ from: 600, to: Number.POSITIVE_INFINITY, count: 1 }]);
    expect(histogramLines(histogram([590, 700], 20, 600), 'ms', 2)).toEqual(['580–600 ms ██ 1', '  ≥ 600 ms ██ 1']);
  });

  it('is drawn with the longest bar as wide as asked', () => {
    expect(histogramLines(histogram([1, 1, 2, 11], 10), 'ms', 6)).toEqual([' 0–10 ms ██████ 3', '10–20 ms ██ 1']);
  });
});

describe('a plot', () => {
  it('puts nought and the greatest value at the ends of the axes', () => {
    const svg = plotSvg({
      title: 'a < b',
      x: 'cameras',
      y: 'drops, %',
      series: [
        {
          name: 'walk',
          as: 'line',
          points: [
            [0, 0],
            [10, 5],
          ],
        },
      ],
    });
    expect(svg).toContain('points="70.0,360.0 700.0,40.0"');
    expect(svg).toContain('a &lt; b');
  });

  it('is drawn where all values are nought', () => {
    expect(plotSvg({ title: '', x: '', y: '', series: [{ name: '', as: 'bars', points: [[0, 0]] }] })).not.toContain(
      'NaN',
    );
  });
});

describe('a plot for a terminal', () => {
  it('draws bars of all series on one scale, and names the marks', () => {
    const text = plotText({
      title: 'Drops',
      x: 'cameras',
      y: '%',
      series: [
        {
          name: 'walk',
          as: 'line',
          points: [
            [2, 0],
            [10, 8],
          ],
        },
        { name: 'empty', as: 'line', points: [[10, 4]] },
      ],
      marks: [
        { name: 'tolerated', y: 1 },
        { name: 'limit', x: 9.5 },
      ],
    });
    expect(text.split('\n')).toEqual([
      'Drops (% against cameras)',
      '  walk',
      '   2 0',
      `  10 ${'█'.repeat(48)} 8`,
      '  empty',
      `  10 ${'█'.repeat(24)} 4`,
      '  tolerated at % 1; limit at cameras 9.5',
    ]);
  });
});
