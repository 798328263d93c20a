import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cameraSchema } from '../../../config/settings-schema.ts';
import { cameraAddresses, checkedAddresses } from '../../../sources/connect/camera-addresses.ts';

let baseDir: string;
beforeAll(async () => {
  baseDir = await mkdtemp(join(tmpdir(), 'facegate-addresses-'));
  await writeFile(join(baseDir, 'password'), 'f@r/e\r\nnot this line\n');
});
afterAll(() => rm(baseDir, { recursive: true }));

const camera = (settings: Record<string, unknown>) => cameraSchema.parse({ id: 'front', ...settings });
const where = () => ({ baseDir, platform: 'linux' as const });

describe('the addresses of a camera', () => {
  it('are its url and then its failover, each with the credentials that stand beside them', () => {
    const settings = { url: 'rtsp://h/a', failover: ['rtsps://h/b', 'https://h/c'], username: 'ann', password: 'p@' };
    expect(cameraAddresses(camera({ ...settings, tls: { ca: 'cam.pem' } }), where())).toEqual([
      { kind: 'rtsp', url: 'rtsp://ann:p%40@h/a' },
      { kind: 'rtsps', url: 'rtsps://ann:p%40@h/b', tls: { verify: true, ca: join(baseDir, 'cam.pem') } },
      { kind: 'mjpeg', url: 'https://ann:p%40@h/c', tls: { verify: true, ca: join(baseDir, 'cam.pem') } },
    ]);
  });

  it('have the password of a file, without the end of its line', () => {
    const settings = camera({ url: 'rtsp://h/a', username: 'ann', passwordFile: 'password' });
    expect(cameraAddresses(settings, where())).toEqual([{ kind: 'rtsp', url: 'rtsp://ann:f%40r%2Fe@h/a' }]);
    // Not when the settings are looked at: it may come later.
    expect(checkedAddresses(settings, where())).toEqual([{ kind: 'rtsp', url: 'rtsp://ann:@h/a' }]);
  });

  it('may hold their own credentials', () => {
    const settings = camera({ url: 'rtsp://ann:p1@h/a', failover: ['rtsp://bob:p2@h/b'] });
    expect(cameraAddresses(settings, where()).map((address) => 'url' in address && address.url)).toEqual([
      'rtsp://ann:p1@h/a',
      'rtsp://bob:p2@h/b',
    ]);
  });

  it.each([
    ['two passwords', { url: 'rtsp://h/a', username: 'u', password: 'p', passwordFile: 'f' }, /both set/],
    ['a password of nobody', { url: 'rtsp://h/a', password: 's3cret' }, /needs a username/],
    ['two user names', { url: 'rtsp://u:s3cret@h/a', username: 'u' }, /holds a user name/],
    ['a second film', { url: 'file:a.mp4', failover: ['file:b.mp4'] }, /failover is for cameras of the network/],
    ['a film for when a camera fails', { url: 'rtsp://h/a', failover: ['file:b.mp4'] }, /failover is for cameras/],
    ['a user of a webcam', { url: 'webcam:/dev/video0', username: 'u' }, /username is for cameras of the network/],
    ['a bad address among them', { url: 'rtsp://h/a', failover: ['gopher://u:s3cret@h/x'] }, /of another kind/],
  ])('are refused with %s', (_, settings, message) => {
    const attempt = () => checkedAddresses(camera(settings), where());
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code: 'SOURCE_URL_INVALID' }));
    expect(attempt).not.toThrow(/s3cret/);
  });
});
