import { describe, expect, it } from 'vitest';
import { AppError } from '../../config/app-error.ts';
import { catalogEntry } from '../../models/catalog.ts';
import { type ChooseModelsOptions, chooseModels } from '../../models/choose-models.ts';
import type { ModelStore } from '../../models/store.ts';
import { recordedLog } from '../support/recorded-log.ts';

const STARTER = ['starter-ssd-mobilenetv1', 'starter-dlib-128d', 'starter-landmarks68'];
const USUAL = ['retinaface-mobilenet025', 'mobilefacenet-arcface-128d'];

/** A store that has the weights named, and fails with `code` on others. */
function storeWith(names: string[], code: 'MODEL_NOT_FOUND' | 'MODEL_CHECKSUM_MISMATCH' = 'MODEL_NOT_FOUND') {
  const asked: string[] = [];
  const store: ModelStore = {
    resolve: async (name, options) => {
      asked.push(name);
      if (!names.includes(name)) throw new AppError(code, `no ${name}`, { details: { model: name } });
      options?.onProgress?.(1, 2);
      return { entry: catalogEntry(name), path: `/weights/${name}.onnx`, origin: 'mirror /weights' };
    },
    list: async () =>
      names.map((name) => ({
        entry: catalogEntry(name),
        present: true,
        path: `/weights/${name}.onnx`,
        bytes: 1,
        sha256: null,
        added: null,
      })),
  };
  return { store, asked };
}

const choose = (store: ModelStore, options: Partial<ChooseModelsOptions> = {}) =>
  chooseModels({ detector: 'auto', embedder: 'auto', store, starter: true, log: recordedLog(), ...options });

describe('chooseModels', () => {
  it('takes the usual models where they can be had', async () => {
    const { store, asked } = storeWith([...USUAL, ...STARTER]);
    const chosen = await choose(store);
    expect(asked).toEqual(USUAL);
    expect([chosen.detector.entry.name, chosen.embedder.entry.name]).toEqual(USUAL);
    expect(chosen).toMatchObject({
      starter: false,
      why: 'detector retinaface-mobilenet025 (auto: the lightest, for a CPU; mirror /weights); embedder mobilefacenet-arcface-128d (auto; mirror /weights)',
    });
    expect(chosen).not.toHaveProperty('landmarks');
  });

  it('takes a heavier detector where it is here and the device has memory for it', async () => {
    const { store } = storeWith([...USUAL, 'retinaface-resnet50']);
    const free = { freeMb: 2049, source: 'nvidia-smi, GPU 0' };
    const chosen = await choose(store, { detectorPlace: async () => ({ on: 'gpu', free }) });
    expect(chosen.detector.entry.name).toBe('retinaface-resnet50');
    expect(chosen.why).toMatch(
      /^detector retinaface-resnet50 \(auto: 2049 MiB free on the device \(nvidia-smi, GPU 0\); mirror/,
    );
  });

  it('does not ask for the memory of a device where the settings name a detector', async () => {
    const { store } = storeWith(USUAL);
    const chosen = await choose(store, {
      detector: 'retinaface-mobilenet025',
      detectorPlace: () => Promise.reject(new Error('asked')),
    });
    expect(chosen.why).toMatch(/^detector retinaface-mobilenet025 \(as the settings say;/);
  });

  it.each([
    ['neither of them', STARTER, USUAL[0]],
    ['no embedder', [USUAL[0]!, ...STARTER], USUAL[1]],
    ['no detector', [USUAL[1]!, ...STARTER], USUAL[0]],
  ])('takes the whole starter set where %s can be had, and says so', async (_, names, missing) => {
    const log = recordedLog();
    const chosen = await choose(storeWith(names).store, { log });
    expect([chosen.detector, chosen.embedder, chosen.landmarks].map((model) => model!.entry.name)).toEqual(STARTER);
    expect(chosen.starter).toBe(true);
    expect(chosen.why).toContain(`auto: "${missing}" cannot be had here`);
    expect(chosen.why).toContain('recognise less well');
    expect(log.lines).toEqual([
      expect.objectContaining({ level: 'warn', message: `using the starter models. no ${missing}` }),
    ]);
  });

  it('keeps to its first choice however many detectors there are', async () => {
    const { store } = storeWith([...USUAL, 'yunet-2023mar', 'scrfd-500m-bnkps']);
    expect((await choose(store)).detector.entry.name).toBe('retinaface-mobilenet025');
    expect((await choose(store, { detector: 'yunet-2023mar' })).why).toContain('yunet-2023mar (as the settings say;');
  });

  it('takes no starter model where that is not allowed', async () => {
    const { store, asked } = storeWith(STARTER);
    await expect(choose(store, { starter: false })).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    expect(asked).toEqual([USUAL[0]]);
  });

  it('takes no starter model in place of one that the settings name', async () => {
    const [detector, embedder] = USUAL as [string, string];
    await expect(choose(storeWith(STARTER).store, { detector, embedder })).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
    const chosen = await choose(storeWith([detector, ...STARTER]).store, { detector });
    expect([chosen.detector.entry.name, chosen.embedder.entry.name]).toEqual([detector, 'starter-dlib-128d']);
    expect(chosen.why).toContain(`detector ${detector} (as the settings say;`);
    expect(chosen).not.toHaveProperty('landmarks');
  });

  it('does not hide a damaged file behind the starter set', async () => {
    const { store } = storeWith(STARTER, 'MODEL_CHECKSUM_MISMATCH');
    await expect(choose(store)).rejects.toMatchObject({ code: 'MODEL_CHECKSUM_MISMATCH' });
  });

  it('brings the landmarks that a detector without any needs', async () => {
    const chosen = await choose(storeWith([...USUAL, ...STARTER]).store, { detector: 'starter-ssd-mobilenetv1' });
    expect(chosen.landmarks!.entry.name).toBe('starter-landmarks68');
    expect(chosen.embedder.entry.name).toBe(USUAL[1]);
  });

  it.each([
    [
      { detector: 'mobilefacenet-arcface-128d' },
      'models.detector.model must name a model of task "detector" (retinaface-mobilenet025, retinaface-mobilenet1.0, retinaface-resnet50, retinaface-resnet101, yunet-2023mar, scrfd-500m-bnkps, starter-ssd-mobilenetv1), got "mobilefacenet-arcface-128d" of task "embedder"',
    ],
    [
      { embedder: 'starter-landmarks68' },
      'models.embedder.model must name a model of task "embedder" (mobilefacenet-arcface-128d, arcface-w600k-512d, curricularface-ir101-512d, rts-512d, starter-dlib-128d), got "starter-landmarks68" of task "landmarks"',
    ],
  ])('refuses a model for another task: %j', async (names, message) => {
    const { store, asked } = storeWith(USUAL);
    await expect(choose(store, names)).rejects.toMatchObject({ code: 'CONFIG_INVALID', message });
    expect(asked).toEqual([]);
  });

  it('refuses a file that turns out to be for something else', async () => {
    const { store } = storeWith(USUAL);
    const file = '/weights/mystery.onnx';
    const entry = catalogEntry('mobilefacenet-arcface-128d');
    const asked: unknown[] = [];
    const resolve: ModelStore['resolve'] = async (name, options) => {
      asked.push([name, options?.task]);
      return name === file ? { entry, path: file, origin: 'the settings' } : store.resolve(name, options);
    };
    await expect(choose({ ...store, resolve }, { detector: file })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`got "${file}" (mobilefacenet-arcface-128d) of task "embedder"`),
    });
    expect(asked).toEqual([
      [file, 'detector'],
      ['mobilefacenet-arcface-128d', 'embedder'],
    ]);
  });

  it('reports progress by the name of the model', async () => {
    const seen: unknown[] = [];
    await choose(storeWith(USUAL).store, { onProgress: (...progress) => seen.push(progress) });
    expect(seen).toEqual(USUAL.map((name) => [name, 1, 2]));
  });
});
