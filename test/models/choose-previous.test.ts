import { describe, expect, it } from 'vitest';
import { CATALOG, catalogEntry } from '../../models/catalog.ts';
import { choosePrevious } from '../../models/choose-previous.ts';
import type { ModelStore } from '../../models/store.ts';

const store = {
  resolve: async (name: string) => ({ entry: catalogEntry(name), path: `/there/${name}.onnx`, origin: 'there' }),
} as unknown as ModelStore;
const choose = (previous: string | undefined, embedder = 'arcface-w600k-512d') =>
  choosePrevious({ previous, embedder, store });

describe('the previous embedder', () => {
  it('is the one that the settings name, or none', async () => {
    expect(await choose(undefined)).toBeNull();
    expect(await choose('mobilefacenet-arcface-128d')).toMatchObject({
      entry: CATALOG.get('mobilefacenet-arcface-128d'),
      path: '/there/mobilefacenet-arcface-128d.onnx',
    });
  });

  it('may be the very network of the present one in other arithmetic, either way', async () => {
    const name = 'mobilefacenet-arcface-128d';
    expect((await choose(`${name}-int8`, name))?.entry).toMatchObject({ name: `${name}-int8`, precision: 'int8' });
    expect((await choose(name, `${name}-int8`))?.entry).toMatchObject({ name, precision: 'float32' });
  });

  it.each([
    ['retinaface-mobilenet025', 'of task "detector"'],
    ['arcface-w600k-512d', 'which is the embedder in use'],
    ['arcface-w600k-512d-int8', 'models.embedder.previous: int8 is there for'],
  ])('is refused as %s', async (previous, words) => {
    await expect(choose(previous)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(words),
    });
  });
});
