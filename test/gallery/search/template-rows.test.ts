import { describe, expect, it } from 'vitest';
import { RowScan } from '../../../gallery/search/row-scan.ts';
import { TemplateRows } from '../../../gallery/search/template-rows.ts';
import { randomNumbers, randomUnitVector } from '../../support/random-numbers.ts';

const WIDTH = 16;
const random = randomNumbers(5);

function filled(count: number): { rows: TemplateRows; vectors: Float32Array[] } {
  const rows = new TemplateRows(WIDTH);
  const vectors = Array.from({ length: count }, () => randomUnitVector(random, WIDTH));
  for (const [n, vector] of vectors.entries()) rows.add(`t${n}`, `s${n}`, vector);
  return { rows, vectors };
}

/** Bytes that are not zero. */
function left(rows: TemplateRows): number {
  const bytes = rows.segments.map(({ share }) => new Uint8Array(share.buffer).reduce((sum, b) => sum + (b ? 1 : 0), 0));
  return bytes.reduce((a, b) => a + b, 0);
}

describe('TemplateRows', () => {
  it('grows by a segment, and leaves what is there where it is', () => {
    const { rows, vectors } = filled(4096);
    const [first] = rows.segments;
    const before = first?.exact.slice();
    rows.add('one more', 'somebody', randomUnitVector(random, WIDTH));
    expect(rows.segments.map(({ share }) => [share.firstRow, share.capacity])).toEqual([
      [0, 4096],
      [4096, 4096],
    ]);
    expect(rows.segments[0]).toBe(first);
    expect(first?.exact).toEqual(before);
    expect(first?.exact.subarray(0, WIDTH)).toEqual(vectors[0]);
  });

  it('leaves no byte of a vector, a copy of it or a probe behind, across segments too', () => {
    const { rows } = filled(4100);
    const scan = new RowScan([randomUnitVector(random, WIDTH), randomUnitVector(random, WIDTH)], 2, 0);
    for (const segment of rows.segments) scan.scan(segment, 0, 4);
    expect(left(rows)).toBeGreaterThan(4100 * WIDTH * 4);
    scan.wipe();
    for (let n = 0; n < 4100; n += 1) rows.remove(`t${n}`);
    expect([rows.size, left(rows)]).toEqual([0, 0]);
  });

  it('moves the last template into the gap, with its subject', () => {
    const { rows, vectors } = filled(3);
    rows.remove('t0');
    rows.remove('t0');
    expect([rows.size, rows.template(0), rows.template(1)]).toEqual([2, 't2', 't1']);
    const [segment] = rows.segments;
    expect(rows.subject(segment?.subjects[0] as number)).toBe('s2');
    expect(segment?.exact.subarray(0, WIDTH)).toEqual(vectors[2]);
  });

  it('gives a number that is free to the next subject, and never one that is taken', () => {
    const { rows } = filled(3);
    rows.remove('t1');
    rows.add('new', 'new one', randomUnitVector(random, WIDTH));
    const numbers = [0, 1, 2].map((row) => rows.segments[0]?.subjects[row] as number);
    expect(new Set(numbers).size).toBe(3);
    expect(numbers.map((number) => rows.subject(number))).toEqual(['s0', 's2', 'new one']);
  });

  it('says so when there is no memory', () => {
    const rows = new TemplateRows(2 ** 40, null);
    expect(() => rows.reserve(1)).toThrow(expect.objectContaining({ code: 'GALLERY_UNAVAILABLE' }));
    expect([rows.size, rows.segments.length]).toEqual([0, 0]);
  });

  it('is overwritten as a whole', async () => {
    const { rows } = filled(4100);
    const segments = [...rows.segments];
    const wiped = rows.wipe();
    expect([rows.size, rows.segments.length]).toEqual([0, 0]);
    await wiped;
    for (const segment of segments) {
      expect(segment.exact.every((value) => value === 0)).toBe(true);
      expect(segment.quantised(0, segment.share.capacity).every((value) => value === 0)).toBe(true);
    }
  });

  it('lets other work in while a large one is overwritten', async () => {
    const rows = new TemplateRows(512);
    for (let n = 0; n < 4096; n += 1) rows.add(`t${n}`, 's', randomUnitVector(random, 512));
    const [segment] = [...rows.segments];
    const order: string[] = [];
    const other = new Promise((resolve) => setImmediate(resolve)).then(() => order.push('other work'));
    const wiped = rows.wipe().then(() => order.push('overwritten'));
    await Promise.all([other, wiped]);
    expect(order).toEqual(['other work', 'overwritten']);
    expect(segment?.exact.every((value) => value === 0)).toBe(true);
  });
});
