import { describe, expect, it } from 'vitest';
import { shapesOf, timedModels } from '../../../cli/models-bench/timed-models.ts';
import { CATALOG, catalogEntry } from '../../../models/catalog.ts';
import type { ModelListing } from '../../../models/store.ts';

const BIG = 'retinaface-resnet50';
const HERE = 'yunet-2023mar';

/** All that the catalog knows; one of them is here. */
const listings = [...CATALOG.values()].map((entry): ModelListing => {
  const present = entry.name === HERE;
  return { entry, present, path: present ? '/models/yunet.onnx' : null, bytes: null, sha256: null, added: null };
});
const names = (...asked: Parameters<typeof timedModels>) => timedModels(...asked).map(({ entry }) => entry.name);

describe('timedModels', () => {
  it('takes what is here, and of the rest what can be built', () => {
    expect(names(listings, [], false)).toEqual([HERE]);
    expect(names(listings, [], true).toSorted()).toEqual(
      [HERE, BIG, 'retinaface-mobilenet1.0', 'retinaface-resnet101', 'curricularface-ir101-512d'].toSorted(),
    );
  });

  it('takes what is named, in that order, once', () => {
    expect(names(listings, [HERE, BIG, HERE], true)).toEqual([HERE, BIG]);
  });

  it('times trained weights where they are here', () => {
    const here = listings.map((listing) =>
      listing.entry.name === BIG ? { ...listing, present: true, path: '/models/r50.onnx' } : listing,
    );
    expect(timedModels(here, [BIG], true)).toMatchObject([{ randomWeights: false, path: '/models/r50.onnx' }]);
    expect(timedModels(listings, [BIG], true)).toMatchObject([{ randomWeights: true, path: null }]);
  });

  it.each([
    [
      'a name that is none',
      'retinaface',
      'MODEL_UNKNOWN',
      'model "retinaface" is not in the catalog; known are: retinaface-',
    ],
    [
      'one that is neither here nor can be built',
      'rts-512d',
      'MODEL_NOT_FOUND',
      'model "rts-512d" is not on this machine',
    ],
    ['a large one that is left out', BIG, 'MODEL_NOT_FOUND', `facegate models info ${BIG}`],
  ])('refuses %s', (_, name, code, message) => {
    expect(() => timedModels(listings, [name], false)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});

describe('shapesOf', () => {
  it('gives a detector what it sees of a 1080p picture at each size, and others their one size', () => {
    expect(shapesOf(catalogEntry(HERE), [320, 640, 1024])).toEqual([
      [1, 3, 192, 320],
      [1, 3, 384, 640],
      [1, 3, 576, 1024],
    ]);
    expect(shapesOf(catalogEntry('mobilefacenet-arcface-128d'), [320, 640])).toEqual([[1, 3, 112, 112]]);
  });
});
