import { describe, expect, it } from 'vitest';
import { growthVerdicts, type MemoryLook } from '../../soak/memory.ts';
import { randomNumbers } from '../support/random-numbers.ts';

const MEGABYTE = 2 ** 20;
const NOTHING = { residentBytes: 0, descriptors: 0, children: 0 };

/** A server that warms up for three minutes, collects its garbage now and then, and leaks as told, a minute. */
function looks(minutes: number, leak: Partial<typeof NOTHING>): MemoryLook[] {
  const { residentBytes, descriptors, children } = { ...NOTHING, ...leak };
  const random = randomNumbers(7);
  return Array.from({ length: minutes * 30 }, (_, i) => {
    const atMinutes = i / 30;
    const warming = 80 * Math.min(1, atMinutes / 3);
    return {
      atMinutes,
      residentBytes: (180 + warming + 12 * ((i % 11) / 11) + 2 * random()) * MEGABYTE + residentBytes * atMinutes,
      descriptors: 60 + (i % 10 < 2 ? 9 : 0) + Math.floor(descriptors * atMinutes),
      children: { ffmpeg: 4 - (i % 10 < 2 ? 1 : 0), sh: 4, node: 2 + Math.floor(children * atMinutes) },
      zombies: [],
    };
  });
}

const outcomes = (all: MemoryLook[], minutes: number) =>
  growthVerdicts(all, minutes).map(({ what, outcome }) => [what.split(/[ ,(]/)[0], outcome]);

describe.each([
  // Seven minutes after the warm-up tell a large leak, and not that there is none.
  [10, 'undecided', 125_000],
  [60, 'met', 50_000],
] as const)('a server that was watched for %i minutes', (minutes, memory, bytesEachTime) => {
  it('is flat, its warm-up and its saw teeth notwithstanding', () => {
    const got = growthVerdicts(looks(minutes, {}), minutes);
    expect(got.map(({ outcome }) => outcome)).toEqual([memory, 'met', 'met', 'met']);
    expect(got[0]!.got).toMatch(/^[+−]0\.\d MB \/ 10 min \(95 %: /);
  });

  it.each<[string, Partial<typeof NOTHING>, string]>([
    // At each of the 12 reconnections of a minute.
    ['memory', { residentBytes: 12 * bytesEachTime }, 'memory'],
    ['a descriptor at every tenth reconnection', { descriptors: 1.2 }, 'file'],
    ['a child now and then', { children: 0.5 }, 'child'],
  ])('leaks %s, and it is seen', (_, leak, what) => {
    const missed = outcomes(looks(minutes, leak), minutes).filter(([, outcome]) => outcome === 'missed');
    expect(missed).toEqual([[what, 'missed']]);
  });
});

describe('a server that was watched', () => {
  it('has leaked nothing where its cameras, which went all at once, come to go one after the other', () => {
    const all = looks(10, {}).map((look, i) => {
      // Four cameras, each gone for every sixth look; by the end each at another time.
      const drift = Math.max(0, look.atMinutes - 3) / 5;
      const gone = [0, 1, 2, 3].filter((camera) => (i + Math.floor(camera * drift)) % 6 === 0).length;
      return { ...look, descriptors: 66 - 4 * gone, children: { ffmpeg: 4 - gone, sh: 4 - gone, node: 2 } };
    });
    expect(outcomes(all, 10).slice(1)).toEqual([
      ['file', 'met'],
      ['child', 'met'],
      ['zombies', 'met'],
    ]);
  });

  it('for a minute only shows nothing', () => {
    expect(outcomes(looks(1, {}), 1)[0]).toEqual(['growth', 'undecided']);
  });

  it('has a zombie when two looks see the same one', () => {
    const all = looks(10, {});
    all[40] = { ...all[40]!, zombies: [7] };
    expect(outcomes(all, 10).at(-1)).toEqual(['zombies', 'met']);
    all[41] = { ...all[41]!, zombies: [7] };
    expect(outcomes(all, 10).at(-1)).toEqual(['zombies', 'missed']);
  });
});
