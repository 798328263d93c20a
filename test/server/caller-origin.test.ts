import type { IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { SettingsInput } from '../../config/settings-schema.ts';
import { buildServer } from '../../server/build-server.ts';
import { originByGateway, originByProxies } from '../../server/callers/caller-origin.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';

function from(remoteAddress: string, headers: IncomingHttpHeaders = {}) {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
  return { socket, headers };
}
const chain = (...addresses: string[]) => ({ 'x-forwarded-for': addresses.join(', '), 'x-forwarded-proto': 'https' });

describe('whom a request comes from', () => {
  it('is who connected, whatever the headers say, where no proxy is trusted', () => {
    const origin = originByProxies([])(from('::ffff:10.0.0.9', chain('127.0.0.1')));
    expect(origin).toEqual({ address: '10.0.0.9', secure: false });
  });

  it('is the same where somebody else than a trusted proxy says it', () => {
    expect(originByProxies(['10.0.0.8'])(from('10.0.0.9', chain('192.0.2.1')))).toEqual({
      address: '10.0.0.9',
      secure: false,
    });
  });

  it.each([
    ['one proxy', ['10.0.0.8'], chain('192.0.2.1'), '192.0.2.1'],
    ['a claim before the proxy’s own word', ['10.0.0.8'], chain('198.51.100.7', '192.0.2.1'), '192.0.2.1'],
    ['two proxies', ['10.0.0.0/8'], chain('192.0.2.1', '10.0.0.7'), '192.0.2.1'],
    ['two, of which one is not trusted', ['10.0.0.8'], chain('192.0.2.1', '10.0.0.7'), '10.0.0.7'],
    ['IPv6', ['10.0.0.8'], chain('2001:db8::1'), '2001:db8::1'],
    ['IPv4 as IPv6', ['10.0.0.8'], chain('::ffff:192.0.2.1'), '192.0.2.1'],
    ['a proxy that says nothing', ['10.0.0.8'], { 'x-forwarded-proto': 'https' }, '10.0.0.8'],
    ['what is no address', ['10.0.0.8'], chain('unknown'), '10.0.0.8'],
    ['an address with a port', ['10.0.0.8'], chain('192.0.2.1:4711'), '10.0.0.8'],
    ['somebody who claims to be this machine', ['10.0.0.0/8'], chain('127.0.0.1', '10.1.2.3'), '10.1.2.3'],
    ['this machine itself, says the proxy', ['10.0.0.8'], chain('::1'), '10.0.0.8'],
    [
      'two lines of headers',
      ['10.0.0.8'],
      { 'x-forwarded-for': '198.51.100.7, 192.0.2.1', 'x-forwarded-proto': 'HTTPS' },
      '192.0.2.1',
    ],
    ['a WebSocket', ['10.0.0.8'], { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'wss' }, '192.0.2.1'],
  ])('by way of %s', (_, trusted, headers, address) => {
    expect(originByProxies(trusted)(from('10.0.0.8', headers))).toEqual({ address, secure: true });
  });

  it.each([
    ['192.0.2.1', 'https, http', false],
    ['192.0.2.1', 'http', false],
    ['192.0.2.1', '', false],
    ['192.0.2.1, 10.0.0.7', 'https, http', true],
    ['192.0.2.1, 10.0.0.7', 'http, https', false],
    ['192.0.2.1, 10.0.0.7', 'https', true],
    ['192.0.2.1, 10.0.0.7', 'ws', false],
  ])('by way of proxies that say %s and %s came by TLS: %s', (addresses, schemes, secure) => {
    const headers = { 'x-forwarded-for': addresses, 'x-forwarded-proto': schemes };
    expect(originByProxies(['10.0.0.0/8'])(from('::ffff:10.0.0.8', headers))).toEqual({ address: '192.0.2.1', secure });
  });

  it.each([
    [chain('192.0.2.1', '127.0.0.1'), '192.0.2.1'],
    [chain('192.0.2.1:4711'), 'unknown'],
    [chain('[2001:db8::1]:443'), 'unknown'],
    [chain('x'), 'unknown'],
    [chain('127.0.0.1'), 'unknown'],
    [chain('127.0.0.2'), 'unknown'],
    [chain('::1'), 'unknown'],
    [{}, '127.0.0.1'],
  ])('by way of a proxy on this machine that says %j is %s', (headers, address) => {
    expect(originByProxies(['127.0.0.1'])(from('127.0.0.1', headers)).address).toBe(address);
  });

  it('is nobody known where a gateway does not say it', () => {
    expect(originByGateway(from('127.0.0.1'))).toEqual({ address: 'unknown', secure: false });
    expect(originByGateway(from('127.0.0.1', chain('127.0.0.1', '192.0.2.1')))).toEqual({
      address: '192.0.2.1',
      secure: true,
    });
  });
});

const KEY = 'an-admin-key-of-this-test-0123456789';
const KEYS: SettingsInput['keys'] = [{ name: 'boss', key: KEY, scopes: ['admin'] }];

describe('a server behind a proxy that it trusts', () => {
  const opened: { parts: FakeServerParts; close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const { parts, close } of opened.splice(0)) {
      await close();
      parts.dispose();
    }
  });
  async function serve(settings: SettingsInput, proxy = '10.0.0.8') {
    const parts = await fakeServerParts({ settings });
    const app = await buildServer(parts);
    opened.push({ parts, close: () => app.close() });
    return (url: string, o: { headers?: Record<string, string>; payload?: object } = {}) =>
      app.inject({
        method: o.payload ? 'POST' : 'GET',
        url,
        remoteAddress: proxy,
        headers: { host: 'cams.example', ...o.headers },
        ...(o.payload && { payload: o.payload }),
      });
  }
  const trusting: SettingsInput['server'] = { trustedProxies: ['10.0.0.8'] };

  it('marks the cookie of a login that came by TLS', async () => {
    const login = async (settings: SettingsInput) =>
      (await (await serve(settings))('/session', { headers: chain('192.0.2.1'), payload: { key: KEY } })).headers[
        'set-cookie'
      ];
    expect(await login({ keys: KEYS, server: trusting })).toContain('; Secure');
    expect(await login({ keys: KEYS })).not.toContain('; Secure');
  });

  it('counts logins by who tries them, not by the proxy', async () => {
    const ask = await serve({ keys: KEYS, server: trusting });
    const guess = async (address: string) =>
      (await ask('/session', { headers: chain(address), payload: { key: 'wrong' } })).statusCode;
    for (let i = 0; i < 10; i++) expect(await guess('192.0.2.1')).toBe(401);
    expect(await guess('192.0.2.1')).toBe(429);
    expect(await guess('192.0.2.2')).toBe(401);
  });

  it('takes nobody for this machine whom a proxy on it speaks for', async () => {
    const hosts = ['cams.example'];
    const asked = async (server: SettingsInput['server'], ...addresses: string[]) =>
      (await (await serve({ server }, '127.0.0.1'))('/cameras', { headers: chain(...addresses) })).statusCode;
    for (const said of ['192.0.2.1', '127.0.0.1', '192.0.2.1:4711']) {
      expect(await asked({ trustedProxies: ['127.0.0.1'], hosts }, said)).toBe(401);
    }
    expect(await asked({ hosts }, '192.0.2.1')).toBe(200);
  });

  it('takes a page of plain HTTP for another one where the caller came by TLS', async () => {
    const ask = await serve({ keys: KEYS, server: trusting });
    const status = async (origin: string) =>
      (await ask('/session', { headers: { ...chain('192.0.2.1'), origin } })).statusCode;
    expect([await status('https://cams.example'), await status('http://cams.example')]).toEqual([200, 403]);
  });
});
