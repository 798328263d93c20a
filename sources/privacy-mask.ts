import type { Polygon } from '../pipeline/polygon.ts';

/** Runs of bytes to make black, `[from, to)` in turns. */
type Spans = Uint32Array;

/**
 * Makes areas of a picture black, in place. What is to be done is worked out once for each size of picture; after that a
 * frame costs as much as writing zeros over the areas.
 */
export class PrivacyMask {
  readonly #areas: readonly Polygon[];
  #spans: Spans = new Uint32Array();
  #size = { width: 0, height: 0 };

  constructor(areas: readonly Polygon[]) {
    this.#areas = areas;
  }

  /** @param pixels RGB24, row-major, shape [height, width, 3]. */
  apply(pixels: Uint8Array, width: number, height: number): void {
    if (this.#areas.length === 0) return;
    if (width !== this.#size.width || height !== this.#size.height) {
      this.#size = { width, height };
      this.#spans = spansOf(this.#areas, width, height);
    }
    const spans = this.#spans;
    for (let i = 0; i < spans.length; i += 2) pixels.fill(0, spans[i], spans[i + 1]);
  }
}

/** A pixel that an area only touches is covered as well: what is to be hidden must not shine through at the edge. */
function spansOf(areas: readonly Polygon[], width: number, height: number): Spans {
  const spans: number[] = [];
  for (let row = 0; row < height; row += 1) {
    const runs = areas.flatMap((area) => runsIn(area, row, width, height)).sort(([a], [b]) => a - b);
    let open: [from: number, to: number] | null = null;
    for (const [from, to] of runs) {
      if (open && from <= open[1]) open[1] = Math.max(open[1], to);
      else {
        if (open) push(open);
        open = [from, to];
      }
    }
    if (open) push(open);
    function push([from, to]: [number, number]): void {
      const at = row * width * 3;
      // A mask from edge to edge becomes one run over all its rows.
      if (spans.at(-1) === at + from * 3) spans[spans.length - 1] = at + to * 3;
      else spans.push(at + from * 3, at + to * 3);
    }
  }
  return Uint32Array.from(spans);
}

/** Columns `[from, to)` of the area in a row of pixels: of its inside (even-odd) along three lines of the row, and of its edges. */
function runsIn(area: Polygon, row: number, width: number, height: number): [from: number, to: number][] {
  const runs: [number, number][] = [];
  const add = (from: number, to: number) => {
    const first = Math.max(0, Math.floor(from));
    const last = Math.min(width, Math.ceil(to));
    if (first < last) runs.push([first, last]);
  };
  const edges = area.map((corner, i) => {
    const [x1, y1] = area[(i + area.length - 1) % area.length]!;
    return { x1: x1 * width, y1: y1 * height, x2: corner[0] * width, y2: corner[1] * height };
  });
  for (const y of [row + 1e-6, row + 0.5, row + 1 - 1e-6]) {
    const crossings = edges
      .filter(({ y1, y2 }) => y1 > y !== y2 > y)
      .map(({ x1, y1, x2, y2 }) => x1 + ((y - y1) * (x2 - x1)) / (y2 - y1))
      .sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) add(crossings[i]!, crossings[i + 1]!);
  }
  for (const { x1, y1, x2, y2 } of edges) {
    const [top, bottom] = y1 < y2 ? [y1, y2] : [y2, y1];
    if (bottom <= row || top >= row + 1) continue;
    const at = (y: number) => (y1 === y2 ? x1 : x1 + ((y - y1) * (x2 - x1)) / (y2 - y1));
    const a = at(Math.max(top, row));
    const b = y1 === y2 ? x2 : at(Math.min(bottom, row + 1));
    add(Math.min(a, b), Math.max(a, b));
  }
  return runs;
}
