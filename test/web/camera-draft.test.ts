import { describe, expect, it } from 'vitest';
import { crossCheck } from '../../config/cross-check.ts';
import { cameraSchema } from '../../config/settings-schema.ts';
import { cameraPatch, newCamera } from '../../server/cameras/remote-camera.ts';
import {
  type CameraDraft,
  draftOf,
  NEW_DRAFT,
  newCameraOf,
  patchOf,
  splitCredentials,
  suggestId,
  urlProblem,
  withSplitUrl,
} from '../../web/src/camera/camera-draft.ts';
import { aCameraView as camera } from '../support/a-camera-view.ts';

describe('suggestId', () => {
  it.each([
    ['Front Door', '', [], 'front-door'],
    ['Eingang Süd – Tür 2', '', [], 'eingang-sud-tur-2'],
    ['Front', '', ['front', 'front-2'], 'front-3'],
    ['', 'rtsp://user:pw@10.0.0.5/garage', [], 'garage'],
    ['', 'rtsp://user:pw@10.0.0.5:554/stream1', [], 'camera-10-0-0-5'],
    ['', 'webcam:/dev/video0', [], 'video0'],
    ['前门', '', [], 'camera'],
  ])('of %j and %j with %j taken: %s', (name, url, taken, id) => {
    expect(suggestId(name, url, taken)).toBe(id);
  });

  it.each(['x'.repeat(200), '-_-', 'ß'.repeat(70)])('gives an id that the server takes for %s', (name) => {
    const id = suggestId(name, 'rtsp://h/p', ['x'.repeat(64)]);
    expect(cameraSchema.safeParse({ id, url: 'rtsp://h/p' }).success).toBe(true);
  });

  it('never takes a piece of the password', () => {
    expect(suggestId('', 'rtsp://user:geheim@10.0.0.5/', [])).not.toContain('geheim');
  });
});

describe('urlProblem', () => {
  it.each([
    ['', /Enter/],
    ['10.0.0.5/stream', /must start with/],
    ['ftp://10.0.0.5/', /must start with/],
    ['file:clip.mp4', /configuration only/],
    ['rtsp://', /no host/],
    ['rtsp://10.0.0.5/a b', /blanks/],
  ])('says what is wrong with %j', (url, problem) => {
    expect(urlProblem(url)).toMatch(problem);
  });

  it.each([
    'rtsp://10.0.0.5/stream',
    'RTSPS://cam.local:322/x',
    'webcam:/dev/video0',
    ' rtsp://u:p@h/ ',
    'http://10.0.0.5/mjpeg',
    'test:',
  ])('takes %j', (url) => {
    expect(urlProblem(url)).toBeNull();
  });
});

describe('splitCredentials', () => {
  it.each([
    ['rtsp://admin:s3:cr%40t@10.0.0.5:554/s?a=1', 'rtsp://10.0.0.5:554/s?a=1', 'admin', 's3:cr@t'],
    ['rtsp://u:a/b@10.0.0.5/s', 'rtsp://10.0.0.5/s', 'u', 'a/b'],
    ['rtsp://u:a@b@10.0.0.5/s', 'rtsp://10.0.0.5/s', 'u', 'a@b'],
    ['rtsp://u:100%@10.0.0.5/s', 'rtsp://10.0.0.5/s', 'u', '100%'],
    ['https://u@10.0.0.5/mjpeg', 'https://10.0.0.5/mjpeg', 'u', ''],
  ])('takes them out of %s', (url, rest, username, password) => {
    expect(splitCredentials(url)).toEqual({ url: rest, username, password });
  });

  it.each(['rtsp://10.0.0.5:554/s@x', 'rtsp://10.0.0.5/s?x=a@b', 'rtsp://***@10.0.0.5/s', 'webcam:/dev/video0', ''])(
    'finds none in %j',
    (url) => {
      expect(splitCredentials(url)).toBeNull();
    },
  );
});

/** As the dialogs do it. */
const sent = (draft: Partial<CameraDraft>) => newCameraOf(withSplitUrl({ ...NEW_DRAFT, id: 'back', ...draft }));

describe('newCameraOf', () => {
  it.each<Partial<CameraDraft>>([
    { url: 'rtsp://admin:geheim@10.0.0.5/s', name: ' Back door ' },
    { url: 'rtsp://10.0.0.5/s', username: 'admin', password: 'a b:@/', failover: ' rtsp://10.0.0.5/t \n\n' },
    { url: 'rtsp://admin:geheim@10.0.0.5/s', failover: 'rtsp://admin:geheim@10.0.0.5/t' },
    { url: 'https://10.0.0.5/mjpeg', verifyTls: false, enabled: false },
    { url: 'webcam:/dev/video0' },
  ])('gives what the server takes: %j', (draft) => {
    const camera = sent(draft);
    expect(newCamera.safeParse(camera).error).toBeUndefined();
    expect(crossCheck({ cameras: [camera] })).toEqual([]);
  });

  it('sends the password apart from the address', () => {
    expect(sent({ url: 'rtsp://admin:geheim@10.0.0.5/s' })).toMatchObject({
      url: 'rtsp://10.0.0.5/s',
      username: 'admin',
      password: 'geheim',
    });
  });
});

describe('patchOf', () => {
  const change = (part: Partial<CameraDraft>, of = camera()) => patchOf(withSplitUrl({ ...draftOf(of), ...part }), of);
  const hidden = camera({ url: 'rtsp://***@10.0.0.5/s' });

  it('is empty where nothing was changed', () => {
    expect(change({})).toEqual({});
    expect(change({}, hidden)).toEqual({});
  });

  it.each<[Partial<CameraDraft>, object]>([
    [{ name: '' }, { name: null }],
    [
      { fps: 2, width: 1920 },
      { fps: 2, width: 1920 },
    ],
    [
      { enabled: false, verifyTls: false },
      { enabled: false, tls: { verify: false } },
    ],
    [{ failover: 'rtsp://10.0.0.6/s\n' }, { failover: ['rtsp://10.0.0.6/s'] }],
  ])('has what was changed and nothing else: %j', (part, patch) => {
    expect(change(part)).toEqual(patch);
    expect(cameraPatch.safeParse(patch).error).toBeUndefined();
  });

  it('keeps the *** of an address whose password stays', () => {
    expect(change({ url: 'rtsp://***@10.0.0.5/other' }, hidden)).toEqual({ url: 'rtsp://***@10.0.0.5/other' });
  });

  it('takes the *** away where another password, or none, is given', () => {
    expect(change({ credentials: 'none' }, hidden)).toEqual({
      url: 'rtsp://10.0.0.5/s',
      username: null,
      password: null,
    });
    expect(change({ credentials: 'given', username: 'ann', password: 'x' }, hidden)).toEqual({
      url: 'rtsp://10.0.0.5/s',
      username: 'ann',
      password: 'x',
    });
  });

  it('takes another password out of an address that was pasted', () => {
    expect(change({ url: 'rtsp://ann:new@10.0.0.9/s' }, hidden)).toEqual({
      url: 'rtsp://10.0.0.9/s',
      username: 'ann',
      password: 'new',
    });
  });
});
