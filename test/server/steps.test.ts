import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildServer } from '../../server/build-server.ts';
import { loadSteps } from '../../server/pictures/load-steps.ts';
import { fakeFace } from '../support/fake-analyser.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';
import { multipart } from '../support/multipart.ts';
import { noisePicture } from '../support/test-pictures.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-steps-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function load(...sources: string[]) {
  const modules = sources.map((source, index) => {
    writeFileSync(join(folder, `step${index}.mjs`), source);
    return `./step${index}.mjs`;
  });
  return loadSteps({ modules, baseDir: folder });
}
const stepOf = (name: string, apply: string) => `export default { name: '${name}', apply: ${apply} };`;

describe('loadSteps', () => {
  it('brings blur along and adds those of the settings', async () => {
    expect([...(await load(stepOf('grey', '(image) => image'))).keys()]).toEqual(['blur', 'grey']);
  });

  it.each([
    ['a syntax error', 'export default {', /^steps\[0\] \(.*step0\.mjs\) could not be loaded: /],
    ['a module that throws', 'throw new Error("no camera")', /could not be loaded: no camera$/],
    ['no default export', 'export const name = "x";', /must export by default \{ name, apply\(image, faces\) \}$/],
    ['no apply', 'export default { name: "x" };', /must export by default/],
    ['null', 'export default null;', /must export by default/],
    ['a name that is no address', stepOf('A b/', '(i) => i'), /has a name that must match/],
    ['the name of a bundled step', stepOf('blur', '(i) => i'), /is named "blur", and so is another step$/],
  ])('refuses %s, naming the setting', async (_what, source, message) => {
    await expect(load(source)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('names a file that is not there', async () => {
    await expect(loadSteps({ modules: ['./gone.mjs'], baseDir: folder })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^steps\[0\] \(.*gone\.mjs\) could not be loaded/),
    });
  });
});

describe('a step of somebody else', () => {
  let parts: FakeServerParts;
  let app: FastifyInstance;

  async function serve(apply: string): Promise<void> {
    const steps = await load(stepOf('mine', apply));
    parts = await fakeServerParts({ parts: { steps } });
    parts.analyser.answer = () => [fakeFace({ box: [10, 20, 50, 60] })];
    app = await buildServer(parts);
  }
  afterEach(async () => {
    await app.close();
    parts.dispose();
  });
  const send = async () =>
    app.inject({ url: '/detect_and_mine', ...(await multipart({ image: await noisePicture().png().toBuffer() })) });

  it('gets the picture and the faces, and its picture is the answer, of whatever size', async () => {
    await serve(`async (image, [{ box: [x1, y1, x2, y2] }]) => {
      const [width, height] = [x2 - x1, y2 - y1];
      const data = new Uint8Array(width * height * 3).fill(200);
      return { width, height, format: 'rgb24', data };
    }`);
    const answer = await send();
    expect(answer.statusCode).toBe(200);
    expect(await sharp(answer.rawPayload).metadata()).toMatchObject({ format: 'png', width: 40, height: 40 });
  });

  it.each([
    ['throws', '() => { throw new Error("inner secret"); }', 'threw an error; the log says which'],
    ['rejects', 'async () => { throw new Error("inner secret"); }', 'threw an error; the log says which'],
    ['returns nothing', '() => undefined', 'must return a picture, but it returned undefined'],
    ['returns null', '() => null', 'must return a picture, but it returned null'],
    [
      'returns another format',
      '(i) => ({ ...i, format: "bgr24" })',
      'must return a picture, but its format is bgr24, not rgb24',
    ],
    [
      'returns too few bytes',
      '(i) => ({ ...i, data: i.data.subarray(3) })',
      'must return a picture, but its data has 57597 bytes, expected 57600',
    ],
    ['returns no bytes', '(i) => ({ ...i, data: [1] })', 'must return a picture, but its data is no Uint8Array'],
    ['returns no size', '(i) => ({ ...i, width: 0 })', 'must return a picture, but its size is 0×120'],
  ])('that %s is an error which names it, and the server stays up', async (_what, apply, message) => {
    await serve(apply);
    const answer = await send();
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toEqual({
      code: 'STEP_FAILED',
      message: `the step "mine" ${message}`,
      details: { step: 'mine' },
    });
    expect(answer.body).not.toContain('inner secret');
    if (apply.includes('inner secret')) expect(parts.logged.join('')).toContain('inner secret');
    expect((await app.inject('/health')).statusCode).toBe(200);
  });
});
