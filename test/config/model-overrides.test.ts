import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadSettings } from '../../config/load-settings.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-model-path-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (yaml: string | null, env: Record<string, string> = {}) => {
  const file = join(folder, 'facegate.yaml');
  if (yaml === null) return loadSettings({ env }).settings.models;
  writeFileSync(file, yaml);
  return loadSettings({ file, env }).settings.models;
};

describe('the path of a model', () => {
  it.each([
    ['./weights/x.onnx', 'weights/x.onnx'],
    ['x.onnx', 'x.onnx'],
    ['../x.pth', '../x.pth'],
  ])('is relative to the configuration file: %s', (written, path) => {
    const models = load(
      `models: { detector: { model: ${written} }, embedder: { model: ${written} }, scorers: [{ model: ${written} }] }`,
    );
    const wanted = join(folder, path);
    expect([models.detector.model, models.embedder.model, models.scorers[0]!.model]).toEqual([wanted, wanted, wanted]);
    expect(wanted.startsWith(process.cwd())).toBe(false);
  });

  it('that is absolute stays as it is, and so does a name', () => {
    const models = load('models: { detector: { model: /x/y.onnx }, embedder: { model: rts-512d } }');
    expect([models.detector.model, models.embedder.model]).toEqual(['/x/y.onnx', 'rts-512d']);
  });

  it('may come from the environment, which goes before the file and is relative to it as well', () => {
    const env = { RETINAFACE_MODEL_PATH: '/x/face.onnx', RECOGNITION_MODEL_PATH: 'mine.onnx' };
    const models = load('models: { detector: { model: yunet-2023mar, inputSize: 320 } }', env);
    expect(models.detector).toMatchObject({ model: '/x/face.onnx', inputSize: 320 });
    expect(models.embedder.model).toBe(join(folder, 'mine.onnx'));
    expect(load(null, { RETINAFACE_MODEL_PATH: '/x/face.onnx' }).detector.model).toBe('/x/face.onnx');
  });

  it('from the environment that is empty counts as not set; a name of the catalog will do', () => {
    expect(load(null, { RETINAFACE_MODEL_PATH: '' }).detector.model).toBe('auto');
    expect(load(null, { RECOGNITION_MODEL_PATH: 'rts-512d' }).embedder.model).toBe('rts-512d');
  });

  it('that is relative is refused without a configuration file, with what to write', () => {
    expect(() => load(null, { RETINAFACE_MODEL_PATH: 'a.onnx', RECOGNITION_MODEL_PATH: './b.onnx' })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: [
          `the environment variable RETINAFACE_MODEL_PATH is a relative path, "a.onnx", and there is no configuration file that it could be relative to; write the whole path, like ${join(process.cwd(), 'a.onnx')}`,
          `the environment variable RECOGNITION_MODEL_PATH is a relative path, "./b.onnx", and there is no configuration file that it could be relative to; write the whole path, like ${join(process.cwd(), 'b.onnx')}`,
        ].join('\n'),
      }),
    );
    expect(() => loadSettings({ env: {}, overrides: { models: { detector: { model: 'a.onnx' } } } })).toThrow(
      'models.detector.model is a relative path, "a.onnx"',
    );
  });

  it('that is neither a path nor a name is refused by its variable', () => {
    expect(() => load(null, { RECOGNITION_MODEL_PATH: 'My Model' })).toThrow(
      'the environment variable RECOGNITION_MODEL_PATH must be the path of an .onnx file or the name of a model, got "My Model"',
    );
  });
});
