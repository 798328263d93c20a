import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { catalogEntry } from '../../models/catalog.ts';
import { unusableFile } from '../../models/unusable-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facegate-unusable-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('unusableFile', () => {
  it.each([
    ['', 'is empty'],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:…', 'is a Git LFS pointer'],
    ['<!DOCTYPE html><html>', 'is a web page, not a model; download the file itself'],
    ['\n <html lang="en">', 'is a web page'],
    ['{"error": "not found"}\n', 'is a text file, not a model'],
    ['\u0080\u0002}q', 'is a PyTorch checkpoint (pickle)'],
  ])('tells what %j is', async (content, message) => {
    const path = join(folder, 'm.onnx');
    await writeFile(path, Buffer.from(content, content.startsWith('\u0080') ? 'latin1' : 'utf8'));
    const error = await unusableFile(path, catalogEntry('retinaface-resnet50'));
    expect(error).toMatchObject({ code: 'MODEL_INVALID', message: expect.stringContaining(`${path} ${message}`) });
  });

  it('has nothing against what may be a model: the inference process looks further', async () => {
    const path = join(folder, 'm.onnx');
    // As every ONNX file begins: field 1, the version of the format.
    await writeFile(path, Buffer.from([0x08, 0x07, 0x12, 0x07, ...Buffer.from('pytorch')]));
    expect(await unusableFile(path)).toBeNull();
  });

  it('tells a folder, and a file that is not there', async () => {
    await mkdir(join(folder, 'm.onnx'));
    expect(await unusableFile(join(folder, 'm.onnx'))).toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('m.onnx is a folder'),
    });
    expect(await unusableFile(join(folder, 'no.onnx'))).toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('no.onnx is not there'),
      details: { absent: true },
    });
  });
});
