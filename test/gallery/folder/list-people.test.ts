import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listPeople } from '../../../gallery/folder/list-people.ts';

let base: string;
let people: string;

function file(path: string): void {
  const full = join(people, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, path);
}

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'facegate-people-'));
  people = join(base, 'people');
  mkdirSync(people);
});
afterEach(() => rmSync(base, { recursive: true }));

const names = async () => (await listPeople(people)).pictures.map(({ name, label }) => `${name}: ${label}`);

describe('listPeople', () => {
  it('takes a sub-folder for a person, and a file for one by its name without ending', async () => {
    for (const path of ['Ada Lovelace/2.jpg', 'Ada Lovelace/1.png', 'J. R. Smith.jpg', 'Bob/a.jpg']) file(path);
    expect(await names()).toEqual([
      'Ada Lovelace: Ada Lovelace/1.png',
      'Ada Lovelace: Ada Lovelace/2.jpg',
      'Bob: Bob/a.jpg',
      'J. R. Smith: J. R. Smith.jpg',
    ]);
  });

  it('takes all pictures beneath a person for theirs', async () => {
    file('Ada/2024/summer/1.jpg');
    expect(await names()).toEqual(['Ada: Ada/2024/summer/1.jpg']);
  });

  it('writes names in one way, however the file system does', async () => {
    file('Zoë/1.jpg'.normalize('NFD'));
    file('René.jpg'.normalize('NFD'));
    expect(await names()).toEqual(['René: René.jpg', 'Zoë: Zoë/1.jpg'].map((line) => line.normalize('NFC')));
  });

  it('lets no file name drive the terminal', async () => {
    file('Ada/\u001b[2J1.jpg');
    expect(await names()).toEqual(['Ada: Ada/\ufffd[2J1.jpg']);
  });

  it('leaves out what is hidden and what systems leave behind', async () => {
    for (const path of ['.git/config', 'Ada/.DS_Store', 'Ada/._1.jpg', 'Thumbs.db', '__MACOSX/Ada/1.jpg', 'Ada/1.jpg'])
      file(path);
    const found = await listPeople(people);
    expect(found.pictures.map(({ label }) => label)).toEqual(['Ada/1.jpg']);
    expect(found.passedOver).toEqual([]);
  });

  it('follows links to files within the folder, and no other ones', async () => {
    file('Ada/1.jpg');
    writeFileSync(join(base, 'secret.jpg'), 'secret');
    mkdirSync(join(people, 'Bob'));
    symlinkSync('../Ada/1.jpg', join(people, 'Bob/within.jpg'));
    symlinkSync('../../secret.jpg', join(people, 'Bob/out.jpg'));
    symlinkSync('..', join(people, 'Bob/round'));
    symlinkSync('../Ada', join(people, 'Bob/folder'));
    symlinkSync('nowhere.jpg', join(people, 'Bob/broken.jpg'));
    // A neighbour whose name begins like the folder's is not within it.
    mkdirSync(join(base, 'people-2'));
    writeFileSync(join(base, 'people-2/x.jpg'), 'x');
    symlinkSync('../../people-2/x.jpg', join(people, 'Bob/neighbour.jpg'));
    const { pictures, passedOver } = await listPeople(people);
    expect(pictures.map(({ label }) => label)).toEqual(['Ada/1.jpg', 'Bob/within.jpg']);
    expect(passedOver.map(({ label, message }) => `${label}: ${message}`)).toEqual([
      'Bob/broken.jpg: the link leads nowhere',
      'Bob/folder: the link leads to a folder; links to folders are not followed',
      'Bob/neighbour.jpg: the link leads out of the folder',
      'Bob/out.jpg: the link leads out of the folder',
      'Bob/round: the link leads out of the folder',
    ]);
  });

  it('reports an empty folder, a pipe and what lies too deep', async () => {
    mkdirSync(join(people, 'Nobody'));
    mkdirSync(join(people, 'Bob'));
    execFileSync('mkfifo', [join(people, 'Bob/pipe.jpg')]);
    file(`Carl/${'d/'.repeat(20)}1.jpg`);
    const { pictures, passedOver } = await listPeople(people);
    expect(pictures).toEqual([]);
    expect(passedOver.map(({ name, message }) => `${name}: ${message}`)).toEqual([
      'Bob: this is neither a file nor a folder',
      'Carl: the folder lies deeper than 16 folders',
      'Nobody: the folder is empty',
    ]);
  });

  it.each([
    ['nowhere', 'there is no such folder'],
    ['people/a.jpg', 'it is not a folder'],
  ])('refuses %s: %s', async (path, why) => {
    file('a.jpg');
    await expect(listPeople(join(base, path))).rejects.toMatchObject({
      code: 'USAGE',
      message: `--folder ${join(base, path)}: ${why}`,
    });
  });
});
