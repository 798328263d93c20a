import type { Size } from './face-geometry.ts';

/** Below this a tile's labels cannot be read: rather scroll. */
export const NARROWEST_TILE = 300;
const ASPECT = 16 / 9;

/**
 * How many columns make the tiles largest while all of them are seen at once; where that would make them too narrow, as
 * many as fit side by side, and the wall scrolls.
 * @param strip height of the strip under each picture, pixels.
 */
export function wallColumns(
  cameras: number,
  area: Size,
  gap: number,
  strip: number,
): { columns: number; width: number } {
  const columnWidth = (columns: number) => (area.width - gap * (columns - 1)) / columns;
  const most = Math.max(1, Math.min(cameras, Math.floor((area.width + gap) / (NARROWEST_TILE + gap))));
  let best = { columns: most, width: columnWidth(most) };
  let found = 0;
  for (let columns = 1; columns <= most; columns += 1) {
    const rows = Math.ceil(cameras / columns);
    const height = (area.height - gap * (rows - 1)) / rows - strip;
    const width = Math.min(columnWidth(columns), height * ASPECT);
    if (width >= NARROWEST_TILE && width > found) {
      found = width;
      best = { columns, width };
    }
  }
  return { columns: best.columns, width: Math.max(1, Math.floor(best.width)) };
}
