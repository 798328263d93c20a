import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../../sources/ffmpeg/ffmpeg-binary.ts';
import { refuseFfmpeg } from '../../../sources/ffmpeg/ffmpeg-refusal.ts';
import { sourceAddress } from '../../../sources/source-address.ts';
import { requirement } from '../../support/requirements.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'facegate-ffmpeg-'));
});
afterAll(() => rm(dir, { recursive: true }));

const address = (url: string) => sourceAddress(url, { baseDir: '/', platform: 'linux' });

describe('finding ffmpeg', () => {
  it('falls back to the bundled build of 2018 and sees what it lacks', async () => {
    const bundled = await findFfmpeg({ pathVariable: dir });
    expect(bundled.origin).toBe('bundled');
    expect(bundled.version).toMatch(/^N-|^20\d\d/);
    expect(bundled.can).toMatchObject({ fpsMode: false, autoscale: false, ffconcatOptions: false });
    expect(bundled.can.rtspTimeout).toBe('stimeout');
  });

  it('sets the exec bit of the bundled one itself', async () => {
    const { path } = await findFfmpeg({ pathVariable: undefined });
    await chmod(path, 0o644);
    expect((await findFfmpeg({ pathVariable: undefined })).path).toBe(path);
  });

  it('asks a program once, also when many ask at the same time', async () => {
    const [a, b] = await Promise.all([findFfmpeg({ pathVariable: dir }), findFfmpeg({ pathVariable: dir })]);
    expect(a.can).toBe(b.can);
  });

  it.each([
    ['is not there', 'none', /ENOENT/],
    ['is no program', 'text', /EACCES/],
    ['is another program', 'other', /does not answer -version as ffmpeg does/],
  ])('says so when the one in the settings %s, and takes no other', async (_, name, why) => {
    await writeFile(join(dir, 'text'), 'hello');
    await writeFile(join(dir, 'other'), '#!/bin/sh\necho ok\n', { mode: 0o755 });
    const finding = findFfmpeg({ configured: join(dir, name), pathVariable: process.env.PATH });
    await expect(finding).rejects.toMatchObject({ code: 'FFMPEG_NOT_FOUND' });
    await expect(finding).rejects.toThrow(why);
    await expect(finding).rejects.toThrow(/apt-get install ffmpeg|brew install|winget install/);
  });

  it('goes on to the bundled one when the one on the PATH does not run', async () => {
    await writeFile(join(dir, 'ffmpeg'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    expect((await findFfmpeg({ pathVariable: dir })).origin).toBe('bundled');
    await rm(join(dir, 'ffmpeg'));
  });

  describe.skipIf(!requirement('ffmpeg').met)('that the machine has', () => {
    it('prefers the PATH, and the settings to that', async () => {
      const onPath = await findFfmpeg({ pathVariable: `relative:${dir}:${process.env.PATH}` });
      expect(onPath.origin).toBe('path');
      expect(onPath.major).toBeGreaterThanOrEqual(4);
      await symlink(onPath.path, join(dir, 'mine'));
      const mine = await findFfmpeg({ configured: join(dir, 'mine'), pathVariable: process.env.PATH });
      expect(mine).toMatchObject({ origin: 'settings', path: join(dir, 'mine'), version: onPath.version });
    });

    it('sees what a current one can do', async () => {
      const { major, can } = await findFfmpeg({ pathVariable: process.env.PATH });
      if (major < 5) return;
      expect(can).toMatchObject({ autoscale: true, ffconcatOptions: true, rtspTimeout: 'timeout' });
    });
  });
});

describe('an ffmpeg', () => {
  it('of 2018 is used for files, and refused for cameras with what to do', async () => {
    const bundled = await findFfmpeg({ pathVariable: undefined });
    expect(refuseFfmpeg(bundled, address('file:a.mp4'), 'linux')).toBeNull();
    for (const url of ['rtsp://h/x', 'rtsps://h/x', 'webcam:']) {
      const refusal = refuseFfmpeg(bundled, address(url), 'linux');
      expect(refusal?.code).toBe('FFMPEG_TOO_OLD');
      expect(refusal?.message).toMatch(/2018.*Install one with "sudo apt-get install ffmpeg"/);
    }
    expect(refuseFfmpeg(bundled, address('rtsp://h/x'), 'darwin')?.message).toContain('brew install ffmpeg');
    expect(refuseFfmpeg(bundled, address('rtsp://h/x'), 'win32')?.message).toContain('winget install');
  });

  it.each([
    ['rtsp://h/x', { ffconcatOptions: false }, /only where every user of the machine can read it/],
    ['rtsps://h/x', { tls: false }, null],
    ['webcam:', { devices: [] }, /without v4l2/],
    ['webcam:', { ffconcatOptions: false }, null],
    ['rtsp://h/x', { tls: false }, null],
  ] as const)('for %s with %j', async (url, lacks, why) => {
    const bundled = await findFfmpeg({ pathVariable: undefined });
    const can = { ...bundled.can, ffconcatOptions: true, tls: true, devices: ['v4l2'], ...lacks };
    const refusal = refuseFfmpeg({ ...bundled, origin: 'path', can }, address(url), 'linux');
    if (why === null) expect(refusal).toBeNull();
    else expect(refusal?.message).toMatch(why);
  });
});
