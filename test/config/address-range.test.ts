import { describe, expect, it } from 'vitest';
import { addressRange } from '../../config/address-range.ts';
import { settingsSchema } from '../../config/settings-schema.ts';

describe('a range of addresses', () => {
  it.each([
    ['10.0.0.7', { address: '10.0.0.7', bits: 32, family: 'ipv4' }],
    ['172.16.0.0/12', { address: '172.16.0.0', bits: 12, family: 'ipv4' }],
    ['::1', { address: '::1', bits: 128, family: 'ipv6' }],
    ['fd00::/8', { address: 'fd00::', bits: 8, family: 'ipv6' }],
  ])('is read from %s', (text, range) => {
    expect(addressRange(text)).toEqual(range);
  });

  it.each([
    '',
    'traefik',
    '10.0.0',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    'fd00::/129',
    ' ::1',
    'fe80::1%eth0',
    '10.0.0.0/7',
    '::ffff:10.0.0.1',
  ])('is not read from %j', (text) => {
    expect(addressRange(text)).toBeNull();
  });

  it.each(['0.0.0.0/0', '::/0', '128.0.0.0/1', '::/1', '::/10', '::ffff:0:0/96'])('is not everybody: %s', (text) => {
    expect(settingsSchema.safeParse({ server: { trustedProxies: [text] } }).success).toBe(false);
  });
});
