import { describe, expect, it } from 'vitest';
import { isInside, type Polygon } from '../../pipeline/polygon.ts';
import { PrivacyMask } from '../../sources/privacy-mask.ts';

const grey = (width: number, height: number) => new Uint8Array(width * height * 3).fill(128);

/** Each pixel: `#` black, `.` as it was, `?` anything else. */
function drawn(pixels: Uint8Array, width: number): string[] {
  const rows: string[] = [];
  for (let at = 0; at < pixels.length; at += width * 3) {
    let row = '';
    for (let x = 0; x < width; x += 1) {
      const rgb = [...pixels.subarray(at + x * 3, at + x * 3 + 3)].join();
      row += rgb === '0,0,0' ? '#' : rgb === '128,128,128' ? '.' : '?';
    }
    rows.push(row);
  }
  return rows;
}

function masked(areas: readonly Polygon[], width: number, height: number): string[] {
  const pixels = grey(width, height);
  new PrivacyMask(areas).apply(pixels, width, height);
  return drawn(pixels, width);
}

const box = (x1: number, y1: number, x2: number, y2: number): Polygon => [
  [x1, y1],
  [x2, y1],
  [x2, y2],
  [x1, y2],
];

describe('a mask', () => {
  it('blackens its area and nothing else', () => {
    expect(masked([box(0.25, 0.5, 0.75, 1)], 8, 4)).toEqual(['........', '........', '..####..', '..####..']);
  });

  it('covers every pixel that it touches', () => {
    expect(masked([box(0.26, 0.3, 0.74, 0.55)], 8, 4)).toEqual(['........', '..####..', '..####..', '........']);
    // A sliver thinner than a pixel, and a slanted one that misses the middle of every pixel of some rows.
    expect(masked([box(0.51, 0, 0.52, 1)], 4, 2)).toEqual(['..#.', '..#.']);
    const sliver: Polygon = [
      [0, 0.05],
      [1, 0.1],
      [1, 0.11],
    ];
    expect(masked([sliver], 8, 2)).toEqual(['########', '........']);
  });

  it('follows slanted edges, overlaps, and areas with a hole where they cross themselves', () => {
    const triangle: Polygon = [
      [0, 0],
      [1, 1],
      [0, 1],
    ];
    expect(masked([triangle], 4, 4)).toEqual(['#...', '##..', '###.', '####']);
    expect(masked([box(0, 0, 0.5, 1), box(0.25, 0, 0.75, 0.5)], 4, 2)).toEqual(['###.', '##..']);
  });

  it('reaches to the edges of the picture, as one run where it spans all of it', () => {
    expect(masked([box(0, 0, 1, 1)], 3, 2)).toEqual(['###', '###']);
    expect(masked([box(0, 0.5, 1, 1)], 3, 2)).toEqual(['...', '###']);
  });

  it('is drawn anew for another size, and leaves a picture alone where there is none', () => {
    const mask = new PrivacyMask([box(0.5, 0, 1, 1)]);
    const [small, large] = [grey(2, 1), grey(4, 2)];
    mask.apply(small, 2, 1);
    mask.apply(large, 4, 2);
    expect([drawn(small, 2), drawn(large, 4)]).toEqual([['.#'], ['..##', '..##']]);
    expect(masked([], 2, 1)).toEqual(['..']);
  });

  it('hides the middle of every pixel that lies inside, whatever its shape', () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    for (let round = 0; round < 200; round += 1) {
      const area: Polygon = Array.from({ length: 3 + (round % 9) }, () => [random(), random()] as const);
      const [width, height] = [17, 11];
      const rows = masked([area], width, height);
      for (let y = 0; y < height; y += 1) {
        for (let x = 0; x < width; x += 1) {
          if (isInside(area, (x + 0.5) / width, (y + 0.5) / height)) expect(rows[y]![x]).toBe('#');
        }
      }
    }
  });
});
