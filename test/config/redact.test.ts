import { describe, expect, it } from 'vitest';
import { redact } from '../../config/redact.ts';

describe('redact', () => {
  it.each([
    ['user and password', 'rtsp://admin:secret@10.0.0.5:554/stream1', 'rtsp://***@10.0.0.5:554/stream1'],
    ['a user alone', 'rtsp://secret@10.0.0.5/stream1', 'rtsp://***@10.0.0.5/stream1'],
    ['a password alone', 'mqtt://:secret@broker:1883', 'mqtt://***@broker:1883'],
    ['a bare host name', 'rtsp://admin:secret@front-door/live', 'rtsp://***@front-door/live'],
    ['an IPv6 host', 'rtsp://admin:secret@[fe80::1]:554/live', 'rtsp://***@[fe80::1]:554/live'],
    ['an encoded password', 'rtsp://admin:se%40cr%2Fet@cam.lan/live', 'rtsp://***@cam.lan/live'],
    ['@ in the password', 'rtsp://admin:se@cret@10.0.0.5/live', 'rtsp://***@10.0.0.5/live'],
    ['@ and a bare host', 'rtsp://admin:se@cret@cam/live', 'rtsp://***@cam/live'],
    ['/ in the password', 'rtsp://admin:se/cret@10.0.0.5:554/live', 'rtsp://***@10.0.0.5:554/live'],
    ['/ and a bare host', 'rtsp://admin:se/cret@cam/live', 'rtsp://***@cam/live'],
    ['digits, then /', 'rtsp://admin:55/secret@10.0.0.5/live', 'rtsp://***@10.0.0.5/live'],
    [': in the password', 'rtsp://admin:se:cret@cam.lan/live', 'rtsp://***@cam.lan/live'],
    ['@ and / in the password', 'rtsp://admin:s@e/cret@10.0.0.5/live', 'rtsp://***@10.0.0.5/live'],
    ['? in the password', 'rtsp://admin:se?cret@10.0.0.5/live?x=1', 'rtsp://***@10.0.0.5/live?x=1'],
    ['# in the password', 'rtsp://admin:se#cret@10.0.0.5/live', 'rtsp://***@10.0.0.5/live'],
    ["' in the password", "from 'rtsp://admin:se'cret@10.0.0.5/live':", "from 'rtsp://***@10.0.0.5/live':"],
    ['@ in the path too', 'rtsp://admin:secret@10.0.0.5/live@2', 'rtsp://***@10.0.0.5/live@2'],
    ['no path', 'rtsp://admin:secret@10.0.0.5', 'rtsp://***@10.0.0.5'],
    ['capital letters', 'RTSPS://Admin:Secret@CAM.lan/live', 'RTSPS://***@CAM.lan/live'],
    [
      "ffmpeg's own line",
      "[in#0 @ 0x55] Error opening input 'rtsp://admin:secret@cam.lan/x': 401 Unauthorized",
      "[in#0 @ 0x55] Error opening input 'rtsp://***@cam.lan/x': 401 Unauthorized",
    ],
    [
      'a line without quotes',
      'rtsp://a:secret@10.0.0.5/x: Connection refused',
      'rtsp://***@10.0.0.5/x: Connection refused',
    ],
    ['a host before a colon', 'rtsp://a:secret@cam.lan: refused', 'rtsp://***@cam.lan: refused'],
    ['two in one line', 'rtsp://a:secret@h1/x, then http://b:secret@h2/y', 'rtsp://***@h1/x, then http://***@h2/y'],
    ['two joined by a comma', 'rtsp://a:secret@h1/x,http://b:secret@h2/y', 'rtsp://***@h1/x,http://***@h2/y'],
    ['one inside another', 'http://proxy/?to=rtsp://a:secret@h2/y', 'http://proxy/?to=rtsp://***@h2/y'],
    ['JSON', '{"url":"rtsp://a:secret@h2/y"}', '{"url":"rtsp://***@h2/y"}'],
    ['JSON with escaped slashes', '{"url":"rtsp:\\/\\/a:secret@h2\\/y"}', '{"url":"rtsp:\\/\\/***@h2\\/y"}'],
    ['several lines', 'one\nrtsp://a:secret@h/x\nthree', 'one\nrtsp://***@h/x\nthree'],
    [
      'an encoded URL',
      'GET /probe?url=rtsp%3A%2F%2Fadmin%3Asecret%4010.0.0.5%3A554%2Flive&x=1',
      'GET /probe?url=rtsp%3A%2F%2F***%4010.0.0.5%3A554%2Flive&x=1',
    ],
    [
      'an encoded URL with an encoded @ in its password',
      'url=rtsp%3A%2F%2Fadmin%3Ase%2540cret%40cam.lan%2Flive',
      'url=rtsp%3A%2F%2F***%40cam.lan%2Flive',
    ],
    [
      'an encoded URL with @ and / in its password',
      'url=rtsp%3a%2f%2fadmin%3as%40e%2fcret%40cam.lan%2flive',
      'url=rtsp%3a%2f%2f***%40cam.lan%2flive',
    ],
    [
      'a URL encoded twice',
      'url=rtsp%253A%252F%252Fadmin%253Asecret%2540cam.lan%252Flive',
      'url=rtsp%253A%252F%252F***%2540cam.lan%252Flive',
    ],
    [
      'a query parameter',
      'http://cam/video?user=a&password=secret&fps=5',
      'http://cam/video?user=a&password=***&fps=5',
    ],
    ['its first parameter', 'http://cam/video?token=secret#t', 'http://cam/video?token=***#t'],
    ['a longer name', 'https://h/?api_key=secret&access-token=secret', 'https://h/?api_key=***&access-token=***'],
    ['a value with an encoded &', 'http://cam/?pwd=se%26cret&x=1', 'http://cam/?pwd=***&x=1'],
    ['capital names', 'http://cam/?PassWord=secret', 'http://cam/?PassWord=***'],
    [
      'parameters in the path',
      'rtsp://10.0.0.5:554/user=admin_password=secret_channel=1_stream=0.sdp',
      'rtsp://10.0.0.5:554/user=admin_password=***_channel=1_stream=0.sdp',
    ],
    [
      'an encoded parameter',
      'url=http%3A%2F%2Fcam%2F%3Fpass%3Dsecret%26fps%3D5&y=2',
      'url=http%3A%2F%2Fcam%2F%3Fpass%3D***%26fps%3D5&y=2',
    ],
  ])('hides %s', (_, text, expected) => {
    expect(redact(text)).toBe(expected);
    expect(redact(expected)).toBe(expected);
  });

  it.each([
    '',
    'no URL at all, me@example.com',
    'user:password@host without a scheme',
    'rtsp://10.0.0.5:554/stream1',
    'http://127.0.0.1:8080',
    'http://localhost:5173/@fs/work/main.ts',
    'https://example.com/@name/post',
    'https://example.com/path?mail=me@example.com',
    'http://[::1]:8080/@x',
    'file:///home/a@b/clip.mp4',
    'expected rtsp://host:port/path, got nothing',
    'webcam:/dev/video0',
    '[rtsp @ 0x5581] method DESCRIBE failed: 404 Not Found',
    'http://cam/video?passage=1&monkey=2&keyframe=3&author=4',
    'unknown key=5',
    'http://cam/?password=&x=1',
    'the \u{1F600} of http://h/\u{1F600}',
  ])('leaves %j as it is', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('takes long hostile text in linear time', () => {
    const started = performance.now();
    redact('a'.repeat(200_000));
    redact('http://'.repeat(30_000));
    redact(`http://${'a:@'.repeat(5_000)}`);
    redact('?password'.repeat(20_000));
    redact('%25'.repeat(50_000));
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
