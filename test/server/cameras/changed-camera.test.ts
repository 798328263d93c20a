import { describe, expect, it } from 'vitest';
import { changedCamera, withKnownCredentials } from '../../../server/cameras/changed-camera.ts';

const known = ['rtsp://admin:p%40ss@10.0.0.5:554/stream1', 'http://u:k@10.0.0.6/mjpeg?token=abc'];

describe('an address that was shown without its credentials', () => {
  it.each([
    ['comes back whole', 'rtsp://***@10.0.0.5:554/stream1', known[0]],
    ['may get another path', 'rtsp://***@10.0.0.5:554/stream2?x=1', 'rtsp://admin:p%40ss@10.0.0.5:554/stream2?x=1'],
    ['keeps a token of its query too', 'http://***@10.0.0.6/mjpeg?token=***', known[1]],
    ['is taken as it is where it hides nothing', 'rtsp://a:b@elsewhere/', 'rtsp://a:b@elsewhere/'],
    ['may lose its credentials', 'rtsp://10.0.0.5:554/stream1', 'rtsp://10.0.0.5:554/stream1'],
  ])('%s', (_, url, expected) => {
    expect(withKnownCredentials(url, known)).toBe(expected);
  });

  it.each([
    ['another host', 'rtsp://***@evil.example:554/stream1'],
    ['another port', 'rtsp://***@10.0.0.5:8554/stream1'],
    ['another scheme', 'rtsps://***@10.0.0.5:554/stream1'],
    ['a host that begins alike', 'rtsp://***@10.0.0.5:554@evil.example/stream1'],
    ['a host in front of it', 'rtsp://***@evil.example/@10.0.0.5:554/stream1'],
  ])('carries no password to %s', (_, url) => {
    expect(() => withKnownCredentials(url, known)).toThrow(/must have its user name and password written out/);
  });
});

describe('a changed camera', () => {
  const camera = { id: 'front', url: 'rtsp://10.0.0.5/a', username: 'u', password: 'secret', fps: 2 };

  it('has what was asked, keeps the rest, and gets defaults back', () => {
    expect(changedCamera(camera, { name: 'Front', fps: null, url: 'rtsp://10.0.0.5/b' })).toEqual({
      id: 'front',
      name: 'Front',
      url: 'rtsp://10.0.0.5/b',
      username: 'u',
      password: 'secret',
    });
    expect(camera.fps).toBe(2);
  });

  it('keeps a false and an empty list', () => {
    expect(changedCamera(camera, { enabled: false, masks: [] })).toEqual({ ...camera, enabled: false, masks: [] });
  });

  it.each([
    [{ url: 'rtsp://evil.example/a' }],
    [{ url: 'http://10.0.0.5/a' }],
    [{ failover: ['rtsp://evil.example/a'] }],
    [{ url: 'rtsp://evil.example/a', username: 'other' }],
  ])('does not carry its password along with %j', (patch) => {
    expect(() => changedCamera(camera, patch)).toThrow(/"password" must come along/);
    expect(() => changedCamera(camera, patch)).not.toThrow(/secret/);
  });

  it.each([
    [{ url: 'rtsp://elsewhere/a', password: 'new' }],
    [{ url: 'rtsp://elsewhere/a', username: null, password: null }],
  ])('takes %j', (patch) => {
    expect(changedCamera(camera, patch).url).toBe('rtsp://elsewhere/a');
  });
});
