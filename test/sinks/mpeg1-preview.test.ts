import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PACKET_BYTES } from '../../pipeline/transport-packets.ts';
import { Mpeg1Preview } from '../../sinks/mpeg1-preview.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { isAlive } from '../support/child-processes.ts';
import { TestFilms } from '../support/test-film.ts';

let films: TestFilms;
let ffmpegPath: string;
/** The film as a camera's stream is copied: H.264 in an MPEG transport stream. */
let transport: Buffer;
beforeAll(async () => {
  films = await TestFilms.create();
  ffmpegPath = (await findFfmpeg({ pathVariable: process.env.PATH })).path;
  await films.draw({ seconds: 2, size: '1280x720' });
  transport = await ffmpeg(['-i', join(films.dir, 'film.mp4'), '-c', 'copy', '-f', 'mpegts', 'pipe:1']);
});
afterAll(() => films[Symbol.asyncDispose]());

/** Standard output of one run. */
function ffmpeg(args: string[], input?: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(ffmpegPath, ['-v', 'error', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const out: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(Buffer.concat(out)) : reject(new Error(`ffmpeg: ${code}`))));
    child.stdin.on('error', () => undefined).end(input);
  });
}

/** Everything that becomes of a film that is written and ended. */
async function encoded(o: Partial<ConstructorParameters<typeof Mpeg1Preview>[0]> = {}) {
  const pieces: Buffer[] = [];
  const preview = new Mpeg1Preview({
    ffmpegPath,
    environment: {},
    fps: 25,
    masks: [],
    onPackets: (p) => pieces.push(p),
    ...o,
  });
  preview.write(transport);
  preview.end();
  const exit = await preview.ended;
  return { pieces, exit, video: Buffer.concat(pieces) };
}

describe('the MPEG-1 preview', () => {
  it('is MPEG-1 in whole packets, at most 960 wide, with every picture of the camera', async () => {
    const { pieces, exit, video } = await encoded();
    expect(exit).toMatchObject({ code: 0, signal: null });
    for (const piece of pieces) expect([piece.length % PACKET_BYTES, piece[0]]).toEqual([0, 0x47]);
    const grey = await ffmpeg(
      ['-f', 'mpegts', '-i', 'pipe:0', '-f', 'rawvideo', '-pix_fmt', 'gray', '-fps_mode', 'passthrough', 'pipe:1'],
      video,
    );
    expect(grey.length % (960 * 540)).toBe(0);
    expect(grey.length / (960 * 540)).toBeGreaterThanOrEqual(49);
    expect(grey.length / (960 * 540)).toBeLessThanOrEqual(51);
  });

  it('is black where the camera is masked, to the last pixel, and nowhere else', async () => {
    const mask = [
      [0.25, 0.25],
      [0.75, 0.25],
      [0.75, 0.5],
      [0.25, 0.5],
    ] as const;
    const { video } = await encoded({ masks: [mask] });
    const png = await ffmpeg(
      ['-f', 'mpegts', '-i', 'pipe:0', '-frames:v', '1', '-f', 'image2', '-c:v', 'png', 'pipe:1'],
      video,
    );
    const { data, info } = await sharp(png).greyscale().raw().toBuffer({ resolveWithObject: true });
    const at = (x: number, y: number) => data[Math.floor(y * info.height) * info.width + Math.floor(x * info.width)]!;
    // MPEG-1 rings at an edge; what lies behind is not to be guessed from it.
    for (const [x, y] of [
      [0.25, 0.25],
      [0.5, 0.4],
      [0.749, 0.499],
      [0.26, 0.49],
    ] as const)
      expect(at(x, y)).toBeLessThan(40);
    const outside = [
      [0.1, 0.1],
      [0.9, 0.4],
      [0.5, 0.8],
      [0.2, 0.4],
    ] as const;
    expect(Math.max(...outside.map(([x, y]) => at(x, y)))).toBeGreaterThan(80);
  });

  it.each([
    [7.5, 24],
    [15, 24],
    [25, 25],
    [29.97, 30],
    [100, 60],
    [null, 30],
  ])('of %s frames a second has %s, one that MPEG-1 knows', async (fps, rate) => {
    const { exit, video } = await encoded({ fps });
    expect(exit.code).toBe(0);
    // The sequence header (ISO/IEC 11172-2, 2.4.2.3): its frame rate code stands in the low half of the eighth byte.
    const header = video.indexOf(Buffer.of(0, 0, 1, 0xb3));
    expect([24, 25, 30, 50, 60][[2, 3, 5, 6, 8].indexOf(video[header + 7]! & 0x0f)]).toBe(rate);
  });

  it('ends when it is told, also in the middle, twice over, with nobody left', async () => {
    const preview = new Mpeg1Preview({ ffmpegPath, environment: {}, fps: 25, masks: [], onPackets: () => undefined });
    const pid = preview.pid!;
    expect(getPriority(pid)).toBe(10);
    preview.write(transport);
    await Promise.all([preview.close(), preview.close()]);
    expect(isAlive(pid)).toBe(false);
    preview.write(transport);
    await preview.close();
  });

  it.skipIf(process.platform === 'win32')('ends one that does not listen after 3 s', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-deaf-'));
    const deaf = join(folder, 'ffmpeg');
    writeFileSync(deaf, "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.2; done\n", { mode: 0o755 });
    const preview = new Mpeg1Preview({
      ffmpegPath: deaf,
      environment: {},
      fps: 25,
      masks: [],
      onPackets: () => undefined,
    });
    // It must have set its trap.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const startedMs = performance.now();
    await preview.close();
    expect(performance.now() - startedMs).toBeGreaterThan(2500);
    expect(await preview.ended).toMatchObject({ signal: 'SIGKILL' });
    rmSync(folder, { recursive: true });
  });

  it.skipIf(process.platform === 'win32')('sees nothing of the environment but what it is given', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-nosy-'));
    const [nosy, seen] = [join(folder, 'nosy'), join(folder, 'seen')];
    writeFileSync(nosy, `#!/bin/sh\nenv > ${JSON.stringify(seen)}\n`, { mode: 0o755 });
    vi.stubEnv('FRONT_PASSWORD', 'hunter2');
    await encoded({ ffmpegPath: nosy, environment: { LIBVA_DRIVER_NAME: 'iHD' } });
    expect(process.env.FRONT_PASSWORD).toBe('hunter2');
    vi.unstubAllEnvs();
    const environment = readFileSync(seen, 'utf8');
    rmSync(folder, { recursive: true });
    expect(environment).toContain('LIBVA_DRIVER_NAME=iHD');
    expect(environment).not.toMatch(/hunter2|HOME=/);
  });

  it.skipIf(process.platform !== 'linux')('does not outlive a server that is killed', async () => {
    const script = `import { Mpeg1Preview } from ${JSON.stringify(new URL('../../sinks/mpeg1-preview.ts', import.meta.url).href)};
      const o = { ffmpegPath: ${JSON.stringify(ffmpegPath)}, environment: {}, fps: 25, masks: [], onPackets() {} };
      process.stdout.write(String(new Mpeg1Preview(o).pid)); setInterval(() => {}, 1000);`;
    const server = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((resolve) => server.stdout.once('data', (text) => resolve(Number(text))));
    expect(isAlive(pid)).toBe(true);
    server.kill('SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 15_000 }).toBe(false);
  });

  it('is over, with a reason, where there is no ffmpeg or the stream is none', async () => {
    const missing = new Mpeg1Preview({
      ffmpegPath: '/nowhere/ffmpeg',
      environment: {},
      fps: 25,
      masks: [],
      onPackets: () => undefined,
    });
    expect(await missing.ended).toEqual({ code: null, signal: null, message: expect.stringContaining('ENOENT') });
    expect(missing.pid).toBeNull();
    await missing.close();
    const garbage = new Mpeg1Preview({ ffmpegPath, environment: {}, fps: 25, masks: [], onPackets: () => undefined });
    garbage.write(Buffer.alloc(100_000, 7));
    garbage.end();
    const { code, message } = await garbage.ended;
    expect(code).not.toBe(0);
    expect(message).toMatch(/invalid|error/i);
  });

  it('leaves out what an encoder that does not keep up cannot take', async () => {
    const preview = new Mpeg1Preview({ ffmpegPath, environment: {}, fps: 25, masks: [], onPackets: () => undefined });
    for (let n = 0; n < 200; n += 1) preview.write(transport);
    expect(preview.dropped).toBeGreaterThan(0);
    await preview.close();
  });
});
