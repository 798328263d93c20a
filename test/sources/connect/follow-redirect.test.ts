import { describe, expect, it } from 'vitest';
import { followRedirect } from '../../../sources/connect/follow-redirect.ts';
import { type NetworkAddress, sourceAddress } from '../../../sources/source-address.ts';

const address = (url: string) => sourceAddress(url, { baseDir: '/', platform: 'linux' }) as NetworkAddress;

describe('a redirect', () => {
  it.each([
    ['rtsp://u:p@cam/a', 'rtsp://cam:8554/b', 'rtsp://cam:8554/b'],
    ['rtsp://u:p@cam/a', 'rtsp://CAM/b?c', 'rtsp://CAM/b?c'],
    ['rtsp://cam/a', 'rtsp://other:secret@cam/b', 'rtsp://cam/b'],
    ['http://u:p@cam/a/b', '../c', 'http://cam/c'],
    ['http://u:p@cam/a', 'https://cam/c', 'https://cam/c'],
    ['rtsps://[fe80::1]/a', 'rtsps://[fe80::1]:322/b', 'rtsps://[fe80::1]:322/b'],
  ])('of %s to %s is followed, without credentials', (url, location, target) => {
    expect(followRedirect(address(url), url, location)).toBe(target);
  });

  it.each([
    ['rtsp://u:p@cam/a', 'rtsp://cam.evil.example/b'],
    ['rtsp://u:p@cam/a', 'rtsp://u:p@evil.example/@cam/b'],
    ['rtsp://u:p@cam/a', 'rtsp://cam@evil.example/b'],
    ['rtsp://u:p@cam/a', 'http://cam/b'],
    ['rtsp://u:p@cam/a', 'rtsps://cam/b'],
    ['rtsps://u:p@cam/a', 'rtsp://cam/b'],
    ['https://u:p@cam/a', 'http://cam/b'],
    ['https://u:p@cam/a', '//evil.example/b'],
    ['http://u:p@cam/a', 'file:///etc/passwd'],
    ['http://u:p@127.0.0.1/a', 'http://127.0.0.2/a'],
  ])('of %s to %s is not', (url, location) => {
    const attempt = () => followRedirect(address(url), url, location);
    expect(attempt).toThrow(/redirects to .*, which is not followed/);
    expect(attempt).toThrow(expect.objectContaining({ code: 'STREAM_CONNECTION_FAILED' }));
    expect(attempt).not.toThrow(/u:p/);
  });

  it.each([[undefined], ['http://[']])('to %s leads nowhere', (location) => {
    expect(() => followRedirect(address('http://cam/a'), 'http://cam/a', location)).toThrow(/redirects to nowhere/);
  });
});
