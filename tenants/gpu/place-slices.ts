import type { InventoryGpu } from './gpu-inventory.ts';
import type { SliceSize } from './mig-geometry.ts';

export interface NewSlice {
  readonly gpu: number;
  readonly size: SliceSize;
  readonly start: number;
}

/** More tries than any real machine needs: with 64 GPUs and 200 tenants the question could otherwise take for ever. */
const MOST_TRIES = 20_000;

interface Item {
  /** `starts`: the last place first. */
  readonly choices: readonly {
    readonly gpu: InventoryGpu;
    readonly size: SliceSize;
    readonly starts: readonly number[];
  }[];
}

/**
 * Where slices of these profiles fit beside those that there are: the large ones first, each as far back as it goes, so
 * that the front stays free for the largest.
 *
 * @param gpus those that may be cut.
 * @returns one for each name, in the order of the names; null where they do not all fit.
 */
export function placeSlices(names: readonly string[], gpus: readonly InventoryGpu[]): NewSlice[] | null {
  const used = new Map(gpus.map((gpu) => [gpu.index, new Set(placesOf(gpu.taken ?? []))]));
  const count = new Map<string, number>();
  for (const gpu of gpus) {
    for (const { profile } of gpu.taken ?? [])
      count.set(`${gpu.index} ${profile}`, (count.get(`${gpu.index} ${profile}`) ?? 0) + 1);
  }
  const items = names
    .map((name, at) => ({ at, choices: choicesOf(name, gpus) }))
    .sort((a, b) => sizeOf(b) - sizeOf(a) || a.choices.length - b.choices.length);
  const placed: NewSlice[] = new Array(names.length);
  let tries = 0;

  const place = (next: number): boolean => {
    const item = items[next];
    if (!item) return true;
    for (const { gpu, size, starts } of item.choices) {
      const here = used.get(gpu.index) as Set<number>;
      const key = `${gpu.index} ${size.name}`;
      const there = count.get(key) ?? 0;
      if (there >= size.most) continue;
      for (const start of starts) {
        if (tries >= MOST_TRIES) return false;
        tries += 1;
        const places = placesOf([{ start, size: size.size }]);
        if (places.some((each) => here.has(each))) continue;
        for (const each of places) here.add(each);
        count.set(key, there + 1);
        placed[item.at] = { gpu: gpu.index, size, start };
        if (place(next + 1)) return true;
        for (const each of places) here.delete(each);
        count.set(key, there);
      }
    }
    return false;
  };
  return place(0) ? placed : null;
}

function choicesOf(name: string, gpus: readonly InventoryGpu[]): Item['choices'] {
  return gpus.flatMap((gpu) => {
    const size = gpu.sizes?.find((each) => each.name === name);
    return size && size.starts.length > 0 ? [{ gpu, size, starts: size.starts.toSorted((a, b) => b - a) }] : [];
  });
}

function sizeOf({ choices }: Item): number {
  return choices[0]?.size.size ?? 0;
}

function placesOf(taken: readonly { readonly start: number; readonly size: number }[]): number[] {
  return taken.flatMap(({ start, size }) => Array.from({ length: size }, (_, i) => start + i));
}
