import { describe, expect, it } from 'vitest';
import { placeSlices } from '../../../tenants/gpu/place-slices.ts';
import { machine } from './machines.ts';

const placed = async (name: string, wanted: string[]) => {
  const found = placeSlices(wanted, (await machine(name)).gpus);
  return found?.map(({ gpu, size, start }) => `${gpu}: ${size.id}:${start}`) ?? null;
};

describe('placeSlices', () => {
  it('fits seven of the smallest on a GPU, and not eight', async () => {
    const seven = await placed('a100-40-empty', Array(7).fill('1g.5gb'));
    expect(new Set(seven)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6].map((start) => `0: 19:${start}`)));
    expect(await placed('a100-40-empty', Array(8).fill('1g.5gb'))).toBeNull();
  });

  it('keeps to the halves of the memory', async () => {
    expect(await placed('h100-80-empty', ['3g.40gb', '4g.40gb'])).toEqual(['0: 9:4', '0: 5:0']);
    // Six of seven processors, and all the memory.
    expect(await placed('h100-80-empty', ['3g.40gb', '3g.40gb', '1g.10gb'])).toBeNull();
    expect(await placed('h100-80-empty', ['4g.40gb', '4g.40gb'])).toBeNull();
  });

  it('tries other places for large ones where the small ones would not fit otherwise', async () => {
    expect(await placed('a100-40-empty', ['2g.10gb', '1g.5gb', '4g.20gb'])).toEqual(['0: 14:4', '0: 19:6', '0: 5:0']);
    expect(await placed('a100-40-empty', ['2g.10gb', '2g.10gb', '2g.10gb', '1g.5gb'])).toEqual([
      '0: 14:4',
      '0: 14:2',
      '0: 14:0',
      '0: 19:6',
    ]);
  });

  it('makes one with media a GPU, as there may be one', async () => {
    expect(await placed('h200-141-empty', ['1g.18gb+me', '1g.18gb+me'])).toBeNull();
    expect(await placed('a100-40-slices', ['1g.5gb+me'])).toBeNull();
  });

  it('puts them beside what is there', async () => {
    expect(await placed('a100-40-slices', ['1g.5gb'])).toEqual(['0: 19:3']);
    expect(await placed('a100-40-slices', ['2g.10gb'])).toBeNull();
  });

  it('goes on to the next GPU', async () => {
    expect(await placed('a800-80-off', ['7g.80gb', '7g.80gb'])).toEqual(['0: 0:0', '1: 0:0']);
  });

  it('gives up in time on what cannot be', async () => {
    const { gpus } = await machine('a800-80-off');
    const many = Array.from({ length: 64 }, (_, index) => ({ ...gpus[0]!, index }));
    // Without a bound the test would not end: there are more ways to try than can be tried.
    expect(placeSlices(Array(200).fill('3g.40gb'), many)).toBeNull();
  });
});
