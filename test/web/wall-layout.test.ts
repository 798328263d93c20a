import { describe, expect, it } from 'vitest';
import { NARROWEST_TILE, wallColumns } from '../../web/src/wall/wall-layout.ts';

describe('wallColumns', () => {
  it.each([
    ['one camera', 1, { width: 900, height: 700 }, 1],
    ['two on a wide screen', 2, { width: 1200, height: 500 }, 2],
    ['two on a tall one', 2, { width: 700, height: 1000 }, 1],
    ['four', 4, { width: 1300, height: 800 }, 2],
    ['nine', 9, { width: 1900, height: 1100 }, 3],
    ['two that are as large one beside the other', 2, { width: 1536, height: 960 }, 2],
    ['a phone', 4, { width: 344, height: 600 }, 1],
  ])('%s', (_, cameras, area, columns) => {
    expect(wallColumns(cameras, area, 10, 38).columns).toBe(columns);
  });

  it('shows all of them at once where they stay wide enough', () => {
    const area = { width: 1300, height: 800 };
    const { columns, width } = wallColumns(6, area, 10, 38);
    const rows = Math.ceil(6 / columns);
    expect(rows * (width * (9 / 16) + 38) + (rows - 1) * 10).toBeLessThanOrEqual(area.height);
    expect(width).toBeGreaterThanOrEqual(NARROWEST_TILE);
  });

  it('rather scrolls than makes tiles that cannot be read', () => {
    expect(wallColumns(40, { width: 1000, height: 700 }, 10, 38)).toEqual({ columns: 3, width: 326 });
  });

  it('takes the page’s width where the page scrolls', () => {
    expect(wallColumns(2, { width: 748, height: null }, 10, 38)).toEqual({ columns: 2, width: 369 });
    expect(wallColumns(1, { width: 748, height: null }, 10, 38)).toEqual({ columns: 1, width: 748 });
  });

  it('stays sane before the page has a size', () => {
    const { columns, width } = wallColumns(3, { width: 0, height: 0 }, 10, 38);
    expect(columns).toBe(1);
    expect(width).toBeGreaterThan(0);
  });
});
