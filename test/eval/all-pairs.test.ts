import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { allPairs } from '../../eval/all-pairs.ts';
import { portrayedFace } from '../../eval/portrayed-face.ts';
import { readPairs } from '../../eval/read-pairs.ts';
import { rocPicture } from '../../eval/roc-picture.ts';
import { randomNumbers, randomUnitVector } from '../support/random-numbers.ts';

describe('allPairs', () => {
  it('compares every two pictures once, and knows who is on them', () => {
    const pictures = [
      { person: 0, vector: Float32Array.of(1, 0) },
      { person: 0, vector: Float32Array.of(0.6, 0.8) },
      { person: 1, vector: Float32Array.of(0, 1) },
    ];
    const { genuine, impostor, byPeople } = allPairs(pictures, 2);
    expect([...genuine]).toEqual([expect.closeTo(0.6, 6)]);
    expect([...impostor]).toEqual([0, expect.closeTo(0.8, 6)]);
    expect(byPeople.impostorsAmong([1, 1])).toBe(2);
    expect(byPeople.impostorsAmong([0, 2])).toBe(0);
    expect(byPeople.topImpostors).toEqual({ a: [0], b: [1], similarity: [expect.closeTo(0.8, 6)] });
  });

  it('keeps a pair without a face, below every other one', () => {
    const pictures = [
      { person: 0, vector: null },
      { person: 0, vector: Float32Array.of(1, 0) },
      { person: 1, vector: Float32Array.of(-1, 0) },
    ];
    const { genuine, impostor } = allPairs(pictures, 2);
    expect([...genuine]).toEqual([Number.NEGATIVE_INFINITY]);
    expect([...impostor]).toEqual([Number.NEGATIVE_INFINITY, -1]);
  });

  it('keeps the most similar hundredth of the strangers with the people they are', () => {
    const random = randomNumbers(3);
    const pictures = Array.from({ length: 150 }, (_, person) => ({ person, vector: randomUnitVector(random, 16) }));
    const { impostor, byPeople } = allPairs(pictures, 150);
    expect(impostor).toHaveLength(11_175);
    expect(byPeople.topImpostors.similarity).toEqual([...impostor.slice(-112)].reverse());
  });
});

describe('readPairs', () => {
  let folder = '';
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const write = (list: string) => {
    folder = mkdtempSync(join(tmpdir(), 'facegate-pairs-'));
    writeFileSync(join(folder, 'pairsDevTest.txt'), list);
    return folder;
  };

  it('names each picture once, whatever pairs it stands in', () => {
    const { pictures, people, pairs } = readPairs(write('1\nAda\t1\t12\nAda\t12\tBob\t3\n'));
    expect(people).toEqual(['Ada', 'Bob']);
    expect(pictures.map(({ file, person }) => [file.slice(folder.length + 1), person])).toEqual([
      ['images/Ada/Ada_0001.jpg', 0],
      ['images/Ada/Ada_0012.jpg', 0],
      ['images/Bob/Bob_0003.jpg', 1],
    ]);
    expect(pairs).toEqual([
      { same: true, a: 0, b: 1 },
      { same: false, a: 1, b: 2 },
    ]);
  });

  it.each([
    ['a list that is cut short', '2\nAda\t1\t2\nAda\t1\tBob\t1\n', 'promises 2 pairs'],
    ['a line of another kind', '1\nAda\t1\nAda\t1\tBob\t1\n', 'line 2: expected'],
  ])('refuses %s', (_, list, message) => {
    expect(() => readPairs(write(list))).toThrow(message);
  });
});

describe('portrayedFace', () => {
  const picture = { width: 250, height: 250 };
  const middle = { box: [80, 70, 170, 190] as const };
  const passerBy = { box: [0, 60, 100, 200] as const };

  it('is the one in the middle, though one at the edge is larger', () => {
    expect(portrayedFace([passerBy, middle], picture)).toBe(middle);
  });

  it('is none where none was found', () => {
    expect(portrayedFace([], picture)).toBeNull();
  });
});

describe('rocPicture', () => {
  it('draws a FAR of 1 at the right and a TAR of 1 at the top', () => {
    const svg = rocPicture([
      {
        name: 'a & <b>',
        points: [
          [1e-6, 0.9],
          [1, 1],
        ],
      },
    ]);
    expect(svg).toContain('points="62,384 700,16"');
    expect(svg).toContain('a &amp; &lt;b>');
  });
});
