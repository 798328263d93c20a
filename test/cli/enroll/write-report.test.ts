import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeReport } from '../../../cli/enroll/write-report.ts';
import type { PictureOutcome } from '../../../gallery/folder/enrol-pictures.ts';

const folder = mkdtempSync(join(tmpdir(), 'facegate-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

const outcome = (o: Partial<PictureOutcome>): PictureOutcome => ({
  label: 'Ada/1.jpg',
  name: 'Ada',
  outcome: 'enrolled',
  code: null,
  message: null,
  quality: 0.812345,
  isNew: true,
  ...o,
});
const outcomes = [
  outcome({}),
  outcome({ outcome: 'refused', code: 'FACE_NOT_FOUND', message: 'no "face", at all', quality: null }),
  outcome({ label: '=cmd|calc!A1/x.jpg', name: '=cmd|calc!A1', outcome: 'already', quality: null, isNew: false }),
];

describe('writeReport', () => {
  it('writes a table in which no file name becomes a formula', () => {
    const file = join(folder, 'r.csv');
    writeReport(file, outcomes);
    expect(readFileSync(file, 'utf8').split('\r\n')).toEqual([
      'file,name,outcome,code,message,quality,new',
      'Ada/1.jpg,Ada,enrolled,,,0.8123,true',
      'Ada/1.jpg,Ada,refused,FACE_NOT_FOUND,"no ""face"", at all",,true',
      "'=cmd|calc!A1/x.jpg,'=cmd|calc!A1,already,,,,false",
      '',
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('writes JSON', () => {
    const file = join(folder, 'r.JSON');
    writeReport(file, outcomes);
    const { pictures } = JSON.parse(readFileSync(file, 'utf8')) as { pictures: unknown[] };
    expect(pictures).toHaveLength(3);
    expect(pictures[2]).toEqual({
      file: '=cmd|calc!A1/x.jpg',
      name: '=cmd|calc!A1',
      outcome: 'already',
      code: null,
      message: null,
      quality: null,
      new: false,
    });
  });

  it.each([
    ['r.xlsx', '--report must be a file that ends in .json or .csv, got "'],
    ['no/such/folder/r.csv', 'could not be written'],
  ])('refuses %s', (name, message) => {
    expect(() => writeReport(join(folder, name), outcomes)).toThrow(message);
  });
});
