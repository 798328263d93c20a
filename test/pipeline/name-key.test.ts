import { expect, it } from 'vitest';
import { looksLikeId, nameKey } from '../../pipeline/name-key.ts';

it.each([
  ['Ada', ' ADA '],
  ['Ａｄａ', 'ada'],
  ['Émile', 'E\u0301MILE'],
])('takes %j and %j for one name', (a, b) => {
  expect(nameKey(a)).toBe(nameKey(b));
});

it('keeps other names apart', () => {
  expect(nameKey('Ada')).not.toBe(nameKey('Adá'));
});

it.each([
  ['01900000-0000-7000-8000-00000000000f', true],
  [' 01900000-0000-7000-8000-00000000000F ', true],
  ['０1900000-0000-7000-8000-00000000000f', true],
  ['01900000-0000-7000-8000-00000000000', false],
  ['01900000-0000-7000-8000-00000000000g', false],
  ['Ada', false],
])('says of %j whether it looks like an id: %j', (text, expected) => {
  expect(looksLikeId(text)).toBe(expected);
});
