import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requirement } from '../support/requirements.ts';
import { RtspServer } from '../support/rtsp-server.ts';
import { TestFilms } from '../support/test-film.ts';

const CREDENTIALS = { user: 'ann', password: "s3cret'@/x" };
const main = resolve(import.meta.dirname, '../../cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'facegate-probe-'));

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function facegate(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const own = { PATH: process.env.PATH ?? '', HOME: folder, ...env };
  return new Promise((done) => {
    execFile(process.execPath, [main, ...args], { cwd: folder, env: own, timeout: 60_000 }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

let films: TestFilms;
let camera: RtspServer | null = null;
const page = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<h1>Router</h1>'));
beforeAll(async () => {
  films = await TestFilms.create();
  const film = await films.draw({ seconds: 30, size: '1920x1080' });
  if (requirement('rtsp').met) camera = await RtspServer.start({ film, credentials: CREDENTIALS });
  await once(page.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  page.close();
  await camera?.close();
  await films[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

describe.skipIf(!requirement('ffmpeg').met)('facegate cameras probe', () => {
  it.skipIf(!requirement('rtsp').met)(
    'says what a camera sends, how small a face may be, and shows its picture',
    async () => {
      const { code, stdout, stderr } = await facegate(
        [
          'cameras',
          'probe',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what one types.
          camera!.url().replace('rtsp://', 'rtsp://ann:${CAMERA_PASSWORD}@'),
          '--picture',
          'out.jpg',
        ],
        { CAMERA_PASSWORD: CREDENTIALS.password },
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const [good, face, better, picture, ...more] = stdout.trim().split('\n');
      expect(good).toMatch(/^good: 1920×1080, h264, 25 frames a second$/);
      expect(face).toContain('48 px wide, 2.5 % of the picture (width 1280, inputSize 640; limited by inputSize');
      expect(better).toMatch(
        /^for smaller faces: width 1920, inputSize 1280: a face of 24 px would do instead of 48 px/,
      );
      expect(picture).toBe('picture: out.jpg, 1920×1080');
      expect(more).toEqual([]);
      expect(await sharp(readFileSync(join(folder, 'out.jpg'))).metadata()).toMatchObject({
        width: 1920,
        height: 1080,
      });
    },
  );

  it.skipIf(!requirement('rtsp').met)('says in one line that the password is wrong, and shows neither', async () => {
    const { code, stdout, stderr } = await facegate([
      'cameras',
      'probe',
      camera!.url({ user: 'ann', password: 'canary' }),
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^facegate: .*(refused|password).*\(STREAM_AUTH_FAILED\)\n$/);
    expect(stderr).not.toContain('canary');
  });

  it.each<[what: string, url: () => string, code: number, line: RegExp]>([
    ['a wrong host', () => 'rtsp://no.such.host.invalid/x', 1, /no\.such\.host\.invalid.*\(STREAM_CONNECTION_FAILED\)/],
    ['a web page', () => `http://127.0.0.1:${(page.address() as { port: number }).port}/`, 1, /text\/html|web page/i],
    [
      'a web server, asked as a camera',
      () => `rtsp://127.0.0.1:${(page.address() as { port: number }).port}/`,
      1,
      /\(STREAM_/,
    ],
    ['a folder', () => 'file:/tmp', 1, /is a folder \(STREAM_NOT_FOUND\)/],
    ['a path without a scheme', () => '/tmp/film.mp4', 1, /write file:… for a file/],
    [
      'a variable that is not set',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what one types.
      () => 'rtsp://u:${NO_SUCH}@10.0.0.5/',
      78,
      /environment variable NO_SUCH, which is not set/,
    ],
  ])('says in one line what is wrong with %s', async (_, url, expected, line) => {
    const { code, stdout, stderr } = await facegate(['cameras', 'probe', url()]);
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
    expect(stderr).toMatch(line);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('takes a camera of a configuration by its id, with its settings', async () => {
    const { dir } = films;
    const file = join(dir, 'facegate.yaml');
    writeFileSync(
      file,
      'models: { detector: { inputSize: 1280, minFacePx: 40 } }\ncameras:\n  - { id: yard, url: "file:film.mp4", width: 1920 }\n',
    );
    const { code, stdout } = await facegate(['cameras', 'probe', 'yard', '-c', file]);
    expect(code).toBe(0);
    expect(stdout).toContain('40 px wide, 2.1 % of the picture (width 1920, inputSize 1280; limited by minFacePx');
  });

  it.each([
    [['--picture', 'out.bmp'], '--picture must end with .jpg, .png or .webp, got "out.bmp"'],
    [['--width', '10'], '--width must be a whole number between 160 and 3840, got 10'],
    [['--input-size', 'x'], '--input-size must be a whole number of pixels, got "x"'],
  ])('refuses %j', async (args, line) => {
    const { code, stderr } = await facegate(['cameras', 'probe', 'test:', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(line);
  });
});

describe('facegate cameras devices', () => {
  it('lists webcams with the address that a camera takes, or says that there are none', async () => {
    const { code, stdout, stderr } = await facegate(['cameras', 'devices']);
    expect(code).toBe(0);
    if (requirement('webcam').met) expect(stdout).toMatch(/^url +name\nwebcam:/);
    else expect(`${stdout}${stderr}`).toMatch(/no webcam was found|^url +name\nwebcam:/);
  });
});
