import { describe, expect, it } from 'vitest';
import { ApiError } from '../../web/src/api/api-error.ts';
import type { UnknownView } from '../../web/src/api/api-types.ts';
import { steadyOrder } from '../../web/src/unknowns/steady-order.ts';
import { namingProblem, resemblesWords, seenWords } from '../../web/src/unknowns/unknown-words.ts';

const seen: UnknownView = {
  id: 'u',
  faces: 12,
  cameras: ['a', 'b', 'c'],
  firstSeenAt: '2026-11-21T09:00:00Z',
  lastSeenAt: '2026-11-21T09:01:00Z',
  quality: 0.7,
  resembles: { subject: { id: 's', name: 'Ada' }, similarity: 0.314 },
};
const later = Date.parse('2026-11-21T09:01:30Z');
const upper = (camera: string) => camera.toUpperCase();
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('somebody unknown in words', () => {
  it('who has left the list cannot be named: it says so, and how to go on, without an id', () => {
    const gone = new ApiError('UNKNOWN_NOT_FOUND', 404, 'there is no unknown person with the id "01a1" any more');
    expect(namingProblem(gone)).toMatch(/^Not enrolled: this face has just left the list.*Close this and see who/);
    expect(namingProblem(gone)).not.toContain('01a1');
    expect(namingProblem(new ApiError('SUBJECT_EXISTS', 409, 'there is an Ada'))).toBe('there is an Ada');
  });

  it.each([
    [seen, 'seen 12 times at A, B and C, last 30 s ago'],
    [{ ...seen, faces: 1, cameras: ['a'] }, 'seen once at A, last 30 s ago'],
    [{ ...seen, cameras: [] }, 'seen 12 times, last 30 s ago'],
  ])('was seen how often, where and when', (unknown, words) => {
    expect(plain(seenWords(unknown, upper, later))).toBe(words);
  });

  it('is most like somebody, or like nobody', () => {
    expect(resemblesWords(seen)).toBe('most like Ada (0.31)');
    expect(resemblesWords({ ...seen, resembles: null })).toBeNull();
  });
});

describe('steadyOrder', () => {
  const ids = (text: string) => [...text].map((id) => ({ id }));
  it.each([
    ['', 'abc', 'abc'],
    ['abc', 'cab', 'abc'],
    ['abc', 'cxb', 'xbc'],
    ['abc', '', ''],
  ])('after %j, %j is shown as %j', (before, now, expected) => {
    expect(
      steadyOrder([...before], ids(now))
        .map(({ id }) => id)
        .join(''),
    ).toBe(expected);
  });
});
