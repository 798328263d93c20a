import type { CatalogEntry } from './catalog.ts';

/** Where one colour of a picture goes in a planar tensor, and how: `value · scale + offset` in plane `plane`. */
export interface InputChannel {
  readonly plane: number;
  readonly scale: number;
  readonly offset: number;
}

/** For red, green and blue in this order, what the catalog's `input` says of them. */
export type InputChannels = readonly [red: InputChannel, green: InputChannel, blue: InputChannel];

/** `(value − mean) / std` per channel, as one multiplication and one addition; `mean` and `std` are in the channel order. */
export function inputChannels(input: Pick<CatalogEntry['input'], 'channelOrder' | 'mean' | 'std'>): InputChannels {
  const at = (plane: number): InputChannel => {
    const mean = input.mean[plane] as number;
    const std = input.std[plane] as number;
    return { plane, scale: 1 / std, offset: -mean / std };
  };
  return input.channelOrder === 'rgb' ? [at(0), at(1), at(2)] : [at(2), at(1), at(0)];
}
