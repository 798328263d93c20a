import fc from 'fast-check';
import { expect, it } from 'vitest';
import { similarityOf } from '../../models/calibration.ts';
import { CATALOG, type EmbedderEntry } from '../../models/catalog.ts';
import { previousSpace } from '../../models/previous-space.ts';

const embedders = [...CATALOG.values()].filter((entry): entry is EmbedderEntry => entry.task === 'embedder');

it('carries a cosine onto the one that is as similar for the present embedder, thresholds onto each other', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...embedders),
      fc.constantFrom(...embedders),
      fc.double({ min: -1, max: 1, noNaN: true }),
      (now, before, cosine) => {
        const { model, width, onto } = previousSpace(now, before);
        expect([model, width]).toEqual([before.name, before.embedding.width]);
        const carried = (value: number) => onto.factor * value + onto.offset;
        expect(similarityOf(now, carried(cosine))).toBeCloseTo(similarityOf(before, cosine), 9);
        expect(carried(before.calibration.threshold)).toBeCloseTo(now.calibration.threshold, 9);
      },
    ),
  );
});
