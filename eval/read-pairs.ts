import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PicturePair {
  readonly same: boolean;
  /** Indices into `pictures`. */
  readonly a: number;
  readonly b: number;
}

export interface LfwView {
  /** Every picture that a pair names, once. */
  readonly pictures: readonly { readonly file: string; readonly person: number }[];
  /** Names, by `person`. */
  readonly people: readonly string[];
  readonly pairs: readonly PicturePair[];
}

/**
 * Reads LFW's pair list (`pairsDevTest.txt`: a count, then `name i j` for genuine and `name i name j` for impostor pairs)
 * of a folder that holds the pictures as `images/<name>/<name>_0001.jpg`.
 */
export function readPairs(folder: string): LfwView {
  const list = join(folder, 'pairsDevTest.txt');
  const [head, ...lines] = readFileSync(list, 'utf8').trim().split('\n');
  const people = new Map<string, number>();
  const pictures = new Map<string, { index: number; person: number }>();
  const pictureOf = (name: string, number: string): number => {
    const file = join(folder, 'images', name, `${name}_${number.padStart(4, '0')}.jpg`);
    const known = pictures.get(file);
    if (known) return known.index;
    const person = people.get(name) ?? people.size;
    people.set(name, person);
    const index = pictures.size;
    pictures.set(file, { index, person });
    return index;
  };
  const pairs = lines.map((line, i): PicturePair => {
    const words = line.trim().split(/\s+/);
    const [name, first, other, second] = words as [string, string, string, string];
    if (words.length === 3) return { same: true, a: pictureOf(name, first), b: pictureOf(name, other) };
    if (words.length === 4) return { same: false, a: pictureOf(name, first), b: pictureOf(other, second) };
    throw new Error(`${list}, line ${i + 2}: expected "name i j" or "name i name j", got "${line}"`);
  });
  if (pairs.length !== 2 * Number(head)) {
    throw new Error(`${list}: the first line promises ${head} pairs of each kind, there are ${pairs.length} lines`);
  }
  return {
    pairs,
    people: [...people.keys()],
    pictures: [...pictures].map(([file, { person }]) => ({ file, person })),
  };
}
