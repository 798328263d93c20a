import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { requirement, sharedDir } from '../../support/requirements.ts';

const root = resolve(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'facegate-enroll-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FACES = join(sharedDir, 'lfw-dev/images');

function enroll(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = [
    '--import',
    join(root, 'deploy/checkout-mirrors.mjs'),
    join(root, 'cli/main.ts'),
    'enroll',
    '--data',
    join(folder, 'data'),
    ...args,
  ];
  return new Promise((done) => {
    execFile(process.execPath, command, { cwd: folder }, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

describe.skipIf(!requirement('shared').met)('facegate enroll --folder', () => {
  it('enrols everybody in it, reports who was refused and why, and skips them the next time', async () => {
    const picture = join(FACES, 'AJ_Lamas/AJ_Lamas_0001.jpg');
    mkdirSync(join(folder, 'people/Eve'), { recursive: true });
    copyFileSync(picture, join(folder, 'people/Adam.jpg'));
    // One picture under two names.
    copyFileSync(picture, join(folder, 'people/Eve/1.jpg'));
    copyFileSync(join(FACES, 'Aaron_Guiel/Aaron_Guiel_0001.jpg'), join(folder, 'people/Eve/2.jpg'));
    writeFileSync(join(folder, 'people/Eve/notes.txt'), 'not a picture');

    const report = join(folder, 'report.json');
    const first = await enroll('--folder', join(folder, 'people'), '--group', 'staff', '--report', report);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain('4 files: 2 enrolled (2 people, 2 of them new), 0 there already, 2 refused');
    expect(first.stdout).toContain('looks like "Adam": similarity 1.00');
    expect(first.stdout).not.toContain('Adam.jpg  ');
    const { pictures } = JSON.parse(readFileSync(report, 'utf8')) as { pictures: { file: string; code: string }[] };
    expect(pictures.map(({ file, code }) => [file, code])).toEqual([
      ['Adam.jpg', null],
      ['Eve/1.jpg', 'SUBJECT_COLLISION'],
      ['Eve/2.jpg', null],
      ['Eve/notes.txt', 'IMAGE_UNSUPPORTED'],
    ]);

    rmSync(join(folder, 'people/Eve/notes.txt'));
    rmSync(join(folder, 'people/Eve/1.jpg'));
    const second = await enroll('--folder', join(folder, 'people'));
    expect(second.stderr).toContain('2 files: 0 enrolled (0 people, 0 of them new), 2 there already, 0 refused');
    expect(second.code).toBe(0);
  }, 180_000);
});
