import type { Page } from 'playwright-core';
import sharp from 'sharp';

export interface DrawnFace {
  status: 'known' | 'unknown' | 'unfit';
  /** CSS pixels of the canvas. */
  box: { x: number; y: number; width: number; height: number };
  label: string;
}

export interface DrawnCanvas {
  sequence: number;
  /** What the page says that it drew. */
  faces: DrawnFace[];
  /** CSS pixels. */
  width: number;
  height: number;
  /** What is really there, RGB, `ratio` pixels for each CSS pixel. */
  pixels: Uint8Array;
  pixelWidth: number;
  pixelHeight: number;
  ratio: number;
}

/** Everything about the canvas in one moment: no frame can come between its pixels and its words. */
export async function takeCanvas(page: Page, camera: string): Promise<DrawnCanvas> {
  const taken = await page.locator(`[data-camera="${camera}"] canvas`).evaluate((element) => {
    const canvas = element as unknown as {
      dataset: Record<string, string>;
      clientWidth: number;
      clientHeight: number;
      toDataURL(type: string): string;
    };
    return {
      sequence: Number(canvas.dataset.sequence),
      faces: canvas.dataset.faces ?? '[]',
      width: canvas.clientWidth,
      height: canvas.clientHeight,
      png: canvas.toDataURL('image/png').split(',')[1] as string,
    };
  });
  const { data, info } = await sharp(Buffer.from(taken.png, 'base64'))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return {
    sequence: taken.sequence,
    faces: JSON.parse(taken.faces),
    width: taken.width,
    height: taken.height,
    pixels: data,
    pixelWidth: info.width,
    pixelHeight: info.height,
    ratio: info.width / taken.width,
  };
}

/**
 * How far the inner border of a stroked box lies from where it should be, CSS pixels, one number for each edge: the
 * median over the edge, looking outward from inside the box for the line's colour. Null where the line is not seen.
 */
export function strokeDistance(
  canvas: DrawnCanvas,
  box: DrawnFace['box'],
  colour: readonly [number, number, number],
): Record<'left' | 'right' | 'top' | 'bottom', number | null> {
  const { ratio } = canvas;
  const isLine = (x: number, y: number) => {
    const column = Math.round(x * ratio);
    const row = Math.round(y * ratio);
    if (column < 0 || row < 0 || column >= canvas.pixelWidth || row >= canvas.pixelHeight) return false;
    const at = (row * canvas.pixelWidth + column) * 3;
    return colour.every((value, i) => Math.abs((canvas.pixels[at + i] as number) - value) <= 12);
  };
  const reach = 8;
  const look = (
    edge: number,
    from: number,
    to: number,
    outward: 1 | -1,
    at: (across: number, along: number) => boolean,
  ) => {
    const found: number[] = [];
    for (let along = from; along <= to; along += 1 / ratio) {
      for (let step = -reach; step <= reach; step += 0.5 / ratio) {
        if (!at(edge + outward * step, along)) continue;
        found.push(step);
        break;
      }
    }
    // A line that is seen on less than a third of the edge is another face's.
    if (found.length < ((to - from) * ratio) / 3) return null;
    return found.sort((a, b) => a - b)[Math.floor(found.length / 2)] as number;
  };
  const { x, y, width, height } = box;
  const inset = 3;
  const across = (value: number, along: number) => isLine(value, along);
  const down = (value: number, along: number) => isLine(along, value);
  return {
    left: look(x, y + inset, y + height - inset, -1, across),
    right: look(x + width, y + inset, y + height - inset, 1, across),
    top: look(y, x + inset, x + width - inset, -1, down),
    bottom: look(y + height, x + inset, x + width - inset, 1, down),
  };
}
