import { describe, expect, it } from 'vitest';
import { settingsSchema } from '../../config/settings-schema.ts';
import { catalogEntry } from '../../models/catalog.ts';
import { chooseScorers } from '../../models/choose-scorers.ts';

function choose(...models: string[]) {
  const { scorers } = settingsSchema.parse({ models: { scorers: models.map((model) => ({ model })) } }).models;
  const asked: string[] = [];
  const resolve = async (name: string) => {
    asked.push(name);
    return { entry: catalogEntry(name), path: `/models/${name}.onnx`, origin: 'a test' };
  };
  return { asked, chosen: chooseScorers({ scorers, store: { resolve } }) };
}

describe('chooseScorers', () => {
  it('chooses none where none is asked for', async () => {
    expect(await choose().chosen).toEqual([]);
  });

  it('has all networks of an ensemble that one name stands for', async () => {
    const { asked, chosen } = choose('minifasnet');
    expect((await chosen).map(({ name, models }) => [name, models.length])).toEqual([['minifasnet', 2]]);
    expect(asked).toEqual(['minifasnet-v2-crop2.7', 'minifasnet-v1se-crop4.0']);
  });

  it('takes one of them where it is named by itself', async () => {
    const [only] = await choose('minifasnet-v2-crop2.7').chosen;
    expect(only!.models.map(({ entry }) => entry.name)).toEqual(['minifasnet-v2-crop2.7']);
  });

  it.each([
    [
      ['yunet-2023mar'],
      'models.scorers[0].model must name a model of task "scorer" (minifasnet), got "yunet-2023mar" of task "detector"',
    ],
    [
      ['minifasnet', 'minifasnet-v2-crop2.7'],
      'models.scorers[1].model must give another number than the others, got "minifasnet-v2-crop2.7", which gives "liveness" as "minifasnet" does',
    ],
  ])('refuses %j', async (models, message) => {
    await expect(choose(...models).chosen).rejects.toMatchObject({ code: 'CONFIG_INVALID', message });
  });
});
