import { describe, expect, it } from 'vitest';
import { sourceAddress } from '../../sources/source-address.ts';

const VERIFIED = { verify: true, ca: null };
const at = (platform: NodeJS.Platform) => ({ baseDir: '/etc/facegate', platform });

describe('the address in a camera URL', () => {
  it.each([
    ['rtsp://10.0.0.5/stream1', 'linux', { kind: 'rtsp', url: 'rtsp://10.0.0.5/stream1' }],
    ['RTSP://u:p@cam.lan:8554/a?b=c', 'linux', { kind: 'rtsp', url: 'RTSP://u:p@cam.lan:8554/a?b=c' }],
    ['rtsps://[fe80::1]/x', 'linux', { kind: 'rtsps', url: 'rtsps://[fe80::1]/x', tls: VERIFIED }],
    ['http://u:p@h/mjpg/video.mjpg', 'linux', { kind: 'mjpeg', url: 'http://u:p@h/mjpg/video.mjpg', tls: VERIFIED }],
    ['HTTPS://h:8443/x', 'linux', { kind: 'mjpeg', url: 'HTTPS://h:8443/x', tls: VERIFIED }],
    ['test:', 'linux', { kind: 'test' }],
    ["rtsp://u:it's@h/x", 'linux', { kind: 'rtsp', url: "rtsp://u:it's@h/x" }],
    ['webcam:', 'linux', { kind: 'webcam', format: 'v4l2', device: '/dev/video0' }],
    ['webcam:2', 'linux', { kind: 'webcam', format: 'v4l2', device: '/dev/video2' }],
    [
      'webcam:/dev/v4l/by-id/usb-A_B-video-index0',
      'linux',
      { kind: 'webcam', format: 'v4l2', device: '/dev/v4l/by-id/usb-A_B-video-index0' },
    ],
    ['webcam:', 'darwin', { kind: 'webcam', format: 'avfoundation', device: '0' }],
    ['webcam:FaceTime HD Camera', 'darwin', { kind: 'webcam', format: 'avfoundation', device: 'FaceTime HD Camera' }],
    ['webcam:Integrated Camera', 'win32', { kind: 'webcam', format: 'dshow', device: 'Integrated Camera' }],
    ['file:clip.mp4', 'linux', { kind: 'file', path: '/etc/facegate/clip.mp4' }],
    ['file:../a b%20c.mp4', 'linux', { kind: 'file', path: '/etc/a b%20c.mp4' }],
    ['file:/srv/clip.mp4', 'linux', { kind: 'file', path: '/srv/clip.mp4' }],
    ['file:///srv/a%20b.mp4', 'linux', { kind: 'file', path: '/srv/a b.mp4' }],
  ] as const)('reads %s on %s', (url, platform, expected) => {
    expect(sourceAddress(url, at(platform))).toEqual(expected);
  });

  it.each([
    ['ftp://u:secret@h/x', 'linux', /"ftp:\/\/\*\*\*@h\/x" is of another kind; expected rtsp:\/\/host\/path/],
    ['10.0.0.5/stream', 'linux', /has no scheme/],
    ['', 'linux', /has no scheme/],
    ['rtsp:///x', 'linux', /names no host/],
    ['rtsp://u:secret@', 'linux', /names no host/],
    ['rtsp://u:secret@h/a b', 'linux', /has a space/],
    ["rtsp://u:secret@h/x'\nfile 'file:/etc/shadow", 'linux', /control character/],
    ['file:a\0b', 'linux', /control character/],
    ['file:', 'linux', /names no file/],
    ['file://elsewhere/clip.mp4', 'linux', /no local file/],
    ['webcam:/etc/passwd', 'linux', /no video device/],
    ['webcam:/dev/../etc/passwd', 'linux', /no video device/],
    ['webcam:0:1', 'darwin', /has a colon/],
    ['webcam:', 'win32', /needs its name/],
    ['webcam:A:audio=B', 'win32', /has a colon/],
  ] as const)('refuses %j on %s', (url, platform, message) => {
    const attempt = () => sourceAddress(url, at(platform));
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code: 'SOURCE_URL_INVALID' }));
    expect(attempt).not.toThrow(/secret/);
  });

  it('takes the credentials from beside the URL, whatever characters they have', () => {
    const credentials = { username: 'ann@home', password: "p:/@'% ü" };
    const address = sourceAddress('rtsp://h:8554/x', { ...at('linux'), credentials });
    expect(address).toEqual({ kind: 'rtsp', url: 'rtsp://ann%40home:p%3A%2F%40%27%25%20%C3%BC@h:8554/x' });
    const { username, password } = new URL((address as { url: string }).url);
    expect({ username: decodeURIComponent(username), password: decodeURIComponent(password) }).toEqual(credentials);
  });

  it('refuses credentials in the URL and beside it: one of them is not meant', () => {
    const attempt = () =>
      sourceAddress('rtsp://u:secret@h/x', { ...at('linux'), credentials: { username: 'u', password: 'other' } });
    expect(attempt).toThrow(/"rtsp:\/\/\*\*\*@h\/x" holds a user name or password/);
    expect(attempt).not.toThrow(/secret|other/);
  });

  it('resolves the trusted certificates beside the settings', () => {
    expect(sourceAddress('rtsps://h/x', { ...at('linux'), tls: { verify: true, ca: 'cam.pem' } })).toMatchObject({
      tls: { verify: true, ca: '/etc/facegate/cam.pem' },
    });
  });
});
