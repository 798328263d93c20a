import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { authorization } from '../../../sources/connect/authorization.ts';

const REQUEST = { method: 'GET', uri: '/dir/index.html' };
const MUFASA = { username: 'Mufasa', password: 'Circle Of Life' };

describe('the answer to a 401', () => {
  it('is that of RFC 2069 where the challenge has no qop', () => {
    // The example of RFC 2617 without qop, computed there by its own formula.
    const nonce = 'dcd98b7102dd2f0e8b11d0f600bfb0c093';
    const h = (text: string) => createHash('md5').update(text).digest('hex');
    expect(h('Mufasa:testrealm@host.com:Circle Of Life')).toBe('939e7578ed9e3c518a452acee763bce9');
    const header = authorization(
      [`Digest realm="testrealm@host.com", nonce="${nonce}", opaque="5ccc"`],
      REQUEST,
      MUFASA,
    );
    expect(header).toBe(
      `Digest username="Mufasa", realm="testrealm@host.com", nonce="${nonce}", uri="/dir/index.html", ` +
        `response="${h(`939e7578ed9e3c518a452acee763bce9:${nonce}:39aff3a2bab6126f332b942af96d3366`)}", opaque="5ccc"`,
    );
  });

  it.each([
    ['MD5', 'md5'],
    ['SHA-256', 'sha256'],
  ])('uses the client nonce where the challenge asks for quality (%s)', (algorithm, hash) => {
    const header = authorization(
      [
        `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf", opaque="FQhe"`,
      ],
      REQUEST,
      MUFASA,
    )!;
    const cnonce = /cnonce="(\w+)"/.exec(header)![1];
    const h = (text: string) => createHash(hash).update(text).digest('hex');
    const expected = h(
      `${h('Mufasa:http-auth@example.org:Circle Of Life')}:7ypf:00000001:${cnonce}:auth:${h('GET:/dir/index.html')}`,
    );
    expect(header).toContain(`response="${expected}"`);
    expect(header).toMatch(/qop=auth, nc=00000001/);
  });

  it('shows the password in no way where it need not: Digest before Basic, the stronger hash first', () => {
    const all = ['Basic realm="a", Digest realm="a", nonce="m"', 'Digest realm="a", nonce="s", algorithm=SHA-256'];
    expect(authorization(all, REQUEST, MUFASA)).toMatch(/^Digest .*nonce="s".*algorithm=SHA-256/);
    expect(authorization(all.slice(0, 1), REQUEST, MUFASA)).toMatch(/^Digest .*nonce="m"/);
  });

  it('is the plain one where nothing else is offered', () => {
    expect(authorization(['Basic realm="a"'], REQUEST, { username: 'ü', password: 'p:@' })).toBe(
      `Basic ${Buffer.from('ü:p:@').toString('base64')}`,
    );
  });

  it.each([
    ['nothing', []],
    ['an unknown scheme', ['Negotiate', 'Bearer realm="x"']],
    ['Digest without a nonce', ['Digest realm="x"']],
    ['Digest with a body only', ['Digest realm="x", nonce="n", qop="auth-int"']],
    ['an unknown hash', ['Digest realm="x", nonce="n", algorithm=SHA-512-256']],
    ['rubbish', ['"=,,="'.repeat(2000)]],
  ])('is none to %s', (_, challenges) => {
    expect(authorization(challenges, REQUEST, MUFASA)).toBeNull();
  });

  it('keeps quotes within their quotes', () => {
    const header = authorization(['Digest realm="a \\"b\\" c", nonce="n"'], REQUEST, {
      username: 'x"y\\',
      password: 'p',
    });
    expect(header).toContain('username="x\\"y\\\\", realm="a \\"b\\" c"');
  });
});
