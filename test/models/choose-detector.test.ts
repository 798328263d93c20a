import { describe, expect, it } from 'vitest';
import { CATALOG, type DetectorEntry } from '../../models/catalog.ts';
import { chooseDetector, type DetectorCandidate } from '../../models/choose-detector.ts';

/** The catalog's own figures, with these at hand. */
const family = (...available: string[]): DetectorCandidate[] =>
  [...CATALOG.values()]
    .filter((entry): entry is DetectorEntry => entry.task === 'detector')
    .map(({ name, autoAboveMb }) => ({ name, autoAboveMb, available: available.includes(name) }));
const light = 'retinaface-mobilenet025';
const middle = 'retinaface-mobilenet1.0';
const heavy = 'retinaface-resnet50';
const free = (freeMb: number | null, source = 'nvidia-smi, GPU 0') =>
  ({ on: 'gpu', free: { freeMb, source } }) as const;

describe('detector: auto', () => {
  it.each([
    [0, light],
    [1023, light],
    [1024, light],
    [1025, middle],
    [2047, middle],
    [2048, middle],
    [2049, heavy],
    [81_000, heavy],
  ])('with %i MiB free takes %s', (freeMb, name) => {
    expect(chooseDetector(family(light, middle, heavy), free(freeMb)).name).toBe(name);
  });

  it('never takes by itself what does not say when', () => {
    const all = family(...CATALOG.keys());
    expect(all.some(({ name, autoAboveMb }) => name === 'retinaface-resnet101' && autoAboveMb === null)).toBe(true);
    expect(chooseDetector(all, free(1_000_000)).name).toBe(heavy);
  });

  it.each([
    [81_000, [light, middle], middle],
    [81_000, [light], light],
    [2048, [light, heavy], light],
    [500, [middle, heavy], middle],
    [81_000, [], light],
  ])('with %i MiB free and only %j at hand takes %s', (freeMb, available, name) => {
    expect(chooseDetector(family(...available), free(freeMb)).name).toBe(name);
  });

  it.each([
    [{ on: 'cpu' } as const, [light, heavy], 'the lightest, for a CPU'],
    [
      free(null, 'nvidia-smi does not tell the free memory of MIG slice 0'),
      [light, heavy],
      'the lightest: nvidia-smi does not tell the free memory of MIG slice 0',
    ],
    [
      free(1024),
      [light, middle, heavy],
      '1024 MiB free on the device (nvidia-smi, GPU 0); retinaface-mobilenet1.0 needs more than 1024',
    ],
    [
      free(1996),
      [light, middle, heavy],
      '1996 MiB free on the device (nvidia-smi, GPU 0); retinaface-resnet50 needs more than 2048',
    ],
    [free(9000), [light, middle, heavy], '9000 MiB free on the device (nvidia-smi, GPU 0)'],
    [
      free(500),
      [middle],
      '500 MiB free on the device (nvidia-smi, GPU 0); retinaface-mobilenet1.0 needs more than 1024; retinaface-mobilenet025 would fit, but cannot be had here',
    ],
    [
      free(9000),
      [light],
      '9000 MiB free on the device (nvidia-smi, GPU 0); retinaface-resnet50 and retinaface-mobilenet1.0 would fit, but cannot be had here',
    ],
  ])('on %j with %j says why', (place, available, why) => {
    expect(chooseDetector(family(...available), place).why).toBe(why);
  });

  it('takes the lightest where memory is not known, and on a CPU', () => {
    expect(chooseDetector(family(light, middle, heavy), free(null)).name).toBe(light);
    expect(chooseDetector(family(light, middle, heavy), { on: 'cpu' }).name).toBe(light);
  });
});
