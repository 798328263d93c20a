import { describe, expect, it } from 'vitest';
import { changeOf, draftOf, groupToAdd } from '../../web/src/people/person-draft.ts';
import { lastSeenWords, picturesWords, whatGoes } from '../../web/src/people/person-words.ts';
import { validity, validityWords } from '../../web/src/people/validity.ts';
import { fromLocalInput, toLocalInput } from '../../web/src/ui/local-time.ts';
import { aSubject } from '../support/a-subject.ts';

const UNTIL = '2026-12-03T18:00:42.500Z';

describe('changeOf', () => {
  const ada = aSubject({
    groups: ['staff'],
    validUntil: UNTIL,
    consent: { by: 'Bob', at: '2026-01-02T03:04:05.678Z', basis: 'form 7' },
  });

  it('sends nothing of what was not touched, seconds that the fields do not show included', () => {
    expect(changeOf(ada, draftOf(ada))).toEqual({ patch: {} });
  });

  it('sends what was changed, and nothing else', () => {
    const draft = {
      ...draftOf(ada),
      name: ' Ada L. ',
      groups: ['staff', 'night'],
      validUntil: '',
      consentBasis: 'form 8',
    };
    expect(changeOf(ada, draft)).toEqual({
      patch: {
        name: 'Ada L.',
        groups: ['staff', 'night'],
        validUntil: null,
        consent: { ...ada.consent, basis: 'form 8' },
      },
    });
  });

  it('takes back a consent', () => {
    expect(changeOf(ada, { ...draftOf(ada), consented: false })).toEqual({ patch: { consent: null } });
  });

  it.each([
    ['a name of spaces', { name: '  ' }, /name/],
    [
      'an end before the beginning',
      { validFrom: '2026-12-04T00:00', validUntil: '2026-12-03T00:00' },
      /after its beginning/,
    ],
    [
      'an end at the beginning',
      { validFrom: '2026-12-03T00:00', validUntil: '2026-12-03T00:00' },
      /after its beginning/,
    ],
    ['a consent without a basis', { consentBasis: ' ' }, /basis/],
    ['a consent without a time', { consentAt: '' }, /when/],
  ])('refuses %s', (_, part, problem) => {
    expect(changeOf(ada, { ...draftOf(ada), ...part })).toEqual({ problem: expect.stringMatching(problem) });
  });
});

describe('groupToAdd', () => {
  it.each([
    ['  staff ', [], 'staff'],
    ['staff', ['staff'], null],
    ['   ', [], null],
    ['x'.repeat(120), [], 'x'.repeat(100)],
    ['one more', Array.from({ length: 50 }, (_, i) => `g${i}`), null],
  ])('%j', (text, groups, expected) => {
    expect(groupToAdd(text, groups)).toBe(expected);
  });
});

describe('local times', () => {
  it('come back as the minute they were', () => {
    expect(fromLocalInput(toLocalInput('2026-07-05T08:09:10.000Z'))).toBe('2026-07-05T08:09:00.000Z');
    expect(toLocalInput('2026-07-05T08:09:10.000Z')).toMatch(/^2026-07-0\dT\d\d:\d\d$/);
  });

  it.each([null, 'nonsense', ''])('are nothing for %j', (text) => {
    expect(toLocalInput(text)).toBe('');
    expect(fromLocalInput(text ?? '')).toBeNull();
  });
});

describe('validity', () => {
  const at = Date.parse('2026-06-01T00:00:00Z');
  const iso = (ms: number) => new Date(at + ms).toISOString();
  it.each([
    [null, null, 'valid', null],
    [iso(0), iso(1), 'valid', /^valid until /],
    [iso(1), null, 'not_yet', /^valid from /],
    [null, iso(0), 'expired', /^expired on /],
    [iso(-2), iso(-1), 'expired', /^expired on /],
  ] as const)('from %s until %s is %s', (validFrom, validUntil, expected, words) => {
    expect(validity({ validFrom, validUntil }, at)).toBe(expected);
    const said = validityWords({ validFrom, validUntil }, at);
    if (words === null) expect(said).toBeNull();
    else expect(said).toMatch(words);
  });
});

describe('a person in words', () => {
  it.each([
    [2, 0, '2 pictures'],
    [1, 3, '1 picture'],
    [0, 3, 'pictures of another model only: not recognised'],
    [0, 0, 'no picture: cannot be recognised'],
  ])('%d searched and %d not: %s', (templates, notSearched, words) => {
    expect(picturesWords({ templates, notSearched })).toBe(words);
  });

  it('were seen some time ago, or never', () => {
    expect(lastSeenWords(aSubject({ lastSeenAt: '2026-11-21T00:00:00Z' }), Date.parse('2026-11-21T00:05:00Z'))).toMatch(
      /^seen 5.min.ago$/,
    );
    expect(lastSeenWords(aSubject(), 0)).toBe('never seen');
  });

  it('go with everything that is kept of them', () => {
    const ada = aSubject({ groups: ['staff'], notes: 'x', templates: 1, notSearched: 1 });
    expect(whatGoes(ada, null)).toEqual(['the name and all 2 enrolled faces', 'membership of staff, notes']);
    expect(whatGoes(aSubject(), [])).toEqual(['the name']);
  });
});
