/** Below this a tile's labels cannot be read: rather scroll. */
export const NARROWEST_TILE = 300;
const ASPECT = 16 / 9;

/** A tile may be so much narrower if that puts it beside another one instead of under it. */
const BESIDE = 0.9;

/**
 * How many columns make the tiles largest while all of them are seen at once; where that would make them too narrow, as
 * many as fit side by side, and the wall scrolls.
 * @param area its height is null where the page scrolls anyway.
 * @param strip height of the strip under each picture, pixels.
 */
export function wallColumns(
  cameras: number,
  area: { readonly width: number; readonly height: number | null },
  gap: number,
  strip: number,
): { columns: number; width: number } {
  const columnWidth = (columns: number) => (area.width - gap * (columns - 1)) / columns;
  const most = Math.max(1, Math.min(cameras, Math.floor((area.width + gap) / (NARROWEST_TILE + gap))));
  let best = { columns: most, width: columnWidth(most) };
  let widest = 0;
  for (let columns = 1; area.height !== null && columns <= most; columns += 1) {
    const rows = Math.ceil(cameras / columns);
    const height = (area.height - gap * (rows - 1)) / rows - strip;
    const width = Math.min(columnWidth(columns), height * ASPECT);
    if (width >= NARROWEST_TILE && width > widest * BESIDE) {
      widest = Math.max(width, widest);
      best = { columns, width };
    }
  }
  return { columns: best.columns, width: Math.max(1, Math.floor(best.width)) };
}
