import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CameraRequests } from '../../../sources/connect/camera-requests.ts';

const NEAR = 'rtsp://127.0.0.1:40000';
const FAR = 'rtsp://camera:8554';
const ANN = { username: 'ann', password: 's3cret' };

const h = (text: string) => createHash('md5').update(text).digest('hex');

/** As ffmpeg 5 writes them. */
function digest(uri: string, { password = ANN.password, qop = '', algorithm = '' } = {}): string {
  const secret = h(`ann:home:${password}`);
  const what = h(`DESCRIBE:${uri}`);
  const response = qop ? h(`${secret}:n0:00000007:c0:auth:${what}`) : h(`${secret}:n0:${what}`);
  const more = qop ? ', qop="auth", cnonce="c0", nc=00000007' : '';
  return `Digest username="ann", realm="home", nonce="n0", uri="${uri}", response="${response}"${algorithm}${more}`;
}

function question(uri: string, ...headers: string[]): string {
  return [`DESCRIBE ${uri} RTSP/1.0`, 'CSeq: 2', ...headers, '', ''].join('\r\n');
}

function through(text: string, { cut = text.length, credentials = ANN as typeof ANN | null } = {}): string {
  const requests = new CameraRequests({ near: NEAR, far: FAR, credentials });
  const sent = Buffer.from(text, 'latin1');
  const out: Buffer[] = [];
  for (let at = 0; at < sent.length; at += cut) out.push(...requests.read(sent.subarray(at, at + cut)));
  return Buffer.concat(out).toString('latin1');
}

describe('what ffmpeg asks a camera by way of this program', () => {
  it.each([1, 5, 1000])('is asked by the address of the camera, cut into %i bytes or not', (cut) => {
    const rtcp = `$\x01\x00\x1c${'DESCRIBE rtsp://127.0.0.1:40\xff'.slice(0, 28)}`;
    const text = (origin: string) =>
      [question(`${origin}/cam?a=1&b=$&`), rtcp, question(origin), question('*'), question(`${FAR}/cam/track1`)].join(
        '',
      );
    expect(through(text(NEAR), { cut })).toBe(text(FAR));
  });

  it.each([
    ['none', {}],
    ['a count of its own', { qop: 'auth' }],
    ['its algorithm', { algorithm: ', algorithm=MD5' }],
  ])('has a Digest proof for that address, with %s', (_, o) => {
    const text = (origin: string) => question(`${origin}/cam`, `Authorization: ${digest(`${origin}/cam`, o)}`, 'A: b');
    expect(through(text(NEAR))).toBe(text(FAR));
  });

  it('keeps a Basic password as it is', () => {
    const text = (origin: string) => question(`${origin}/cam`, 'Authorization: Basic YW5uOnMzY3JldA==');
    expect(through(text(NEAR))).toBe(text(FAR));
  });

  it.each([
    ['by somebody who does not know the password', digest(`${NEAR}/cam`, { password: 'guessed' }), ANN],
    ['for another address', digest(`${NEAR}/other`), ANN],
    ['in a way that is not understood', digest(`${NEAR}/cam`, { algorithm: ', algorithm=MD5-sess' }), ANN],
    ['where there is no password', digest(`${NEAR}/cam`), null],
  ])('is passed on as it is where it was proven %s', (_, header, credentials) => {
    const text = question(`${NEAR}/cam`, `Authorization: ${header}`);
    expect(through(text, { credentials })).toBe(text);
  });

  it.each([
    ['another port', question(`${NEAR}1/cam`)],
    ['what is no question', `\r\n${question(`${NEAR}/cam`)}`],
    ['what never ends', 'A'.repeat(100_000)],
  ])('is passed on as it is: %s', (_, text) => {
    expect(through(text, { cut: 1000 })).toBe(text);
  });
});
