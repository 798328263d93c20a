import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGallery } from '../../gallery/subject-gallery.ts';
import { catalogEntry, type EmbedderEntry } from '../../models/catalog.ts';
import { embeddingSpace } from '../../models/embedding-space.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { randomNumbers, randomUnitVector } from '../support/random-numbers.ts';

const MODEL = 'mobilefacenet-arcface-128d';
const folder = mkdtempSync(join(tmpdir(), 'facegate-calibrate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function calibrate(data: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const main = resolve(import.meta.dirname, '../../cli/main.ts');
  const env = { PATH: process.env.PATH ?? '', HOME: folder };
  return new Promise((done) => {
    const whole = [main, 'gallery', 'calibrate', '--data', join(folder, data), ...args];
    execFile(process.execPath, whole, { cwd: folder, env, timeout: 60_000 }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

/** People in random directions, three noisy templates each; "Double" is the first of them under another name. */
async function enrol(data: string, people: number): Promise<void> {
  const { model, modelVersion, width } = embeddingSpace(catalogEntry(MODEL) as EmbedderEntry);
  await using gallery = openGallery({
    file: join(folder, data, 'gallery.db'),
    model,
    modelVersion,
    width,
    log: silentLog,
    clock: systemClock,
  });
  const random = randomNumbers(5);
  const directions = Array.from({ length: people }, () => randomUnitVector(random, width));
  const add = (name: string, own: Float32Array, kind: 'positive' | 'negative' = 'positive') => {
    const subject = gallery.subjectNamed(name) ?? gallery.createSubject({ name });
    const off = randomUnitVector(random, width);
    const vector = own.map((value, i) => value + 0.5 * off[i]!);
    gallery.addTemplate(subject.id, { embedding: { model, vector }, quality: 0.8, source: `${name}.jpg`, kind });
  };
  for (const [i, own] of directions.entries()) for (let n = 0; n < 3; n += 1) add(`Person ${i}`, own);
  for (let n = 0; n < 3; n += 1) add('Double', directions[0]!);
  // What somebody is not says nothing of how alike two people are.
  for (let n = 0; n < 3; n += 1) add('Person 1', directions[2]!, 'negative');
}

const settings = (data: string, text: string): string => {
  const file = join(folder, data, 'facegate.yaml');
  writeFileSync(file, text);
  return file;
};

describe('facegate gallery calibrate', () => {
  beforeAll(async () => {
    await enrol('many', 120);
    await enrol('few', 5);
  });

  it('says what it fitted, what that means, and who is confused; and changes nothing', async () => {
    const before = '# ours\nrecognition:\n  threshold: 0.36 # as it came\n';
    const file = settings('many', before);
    const { code, stdout, stderr } = await calibrate('many', '--config', file, '--plot', 'plot.svg');
    expect(code).toBe(0);
    expect(stdout).toContain('363 templates of 121 subjects, 121 of them with two or more; each was compared with all');
    expect(stdout).toMatch(/threshold +0\.3600 +0\.\d{4} +95 %: 0\.\d{4} to 0\.\d{4}/);
    expect(stdout).toContain('1 − (1 − 0.001)^121');
    expect(stdout).toMatch(
      /0\.\d{4} {2}(Person 0 and Double|Double and Person 0): .*perhaps one person under two names/,
    );
    expect(stdout).not.toContain('Person 1 and Person 2');
    expect(stderr).toContain('nothing was changed');
    expect(readFileSync(file, 'utf8')).toBe(before);
    const plot = readFileSync(join(folder, 'plot.svg'), 'utf8');
    expect(plot).toMatch(/^<svg [\s\S]*fitted 0\.\d+[\s\S]*<\/svg>\n$/);
    expect(plot).not.toContain('NaN');
    expect(existsSync(join(folder, 'many', 'audit.db'))).toBe(false);
  });

  it('writes it where it is told to, shows the lines, and has it in the audit log', async () => {
    const file = settings('many', '# ours\nrecognition:\n  threshold: 0.36 # as it came\n');
    const { code, stdout, stderr } = await calibrate('many', '--config', file, '--json', '--write', '--far', '1e-3');
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    const { threshold, margin } = report;
    expect(report).toMatchObject({ model: MODEL, subjects: 121, templates: 363, wantedFar: 1e-3, sampled: null });
    expect(report.fitted.falseAccept.share).toBeLessThanOrEqual(1e-3);
    expect(readFileSync(file, 'utf8')).toBe(
      `# ours\nrecognition:\n  threshold: ${threshold.value} # as it came\n  margin: ${margin.value}\n`,
    );
    expect(stderr).toContain('- 3:   threshold: 0.36 # as it came');
    expect(stderr).toContain(`+ 4:   margin: ${margin.value}`);
    const again = await calibrate('many', '--config', file, '--write');
    expect(again.stderr).toContain('says so already');
    const entries = await audit('many');
    expect(entries).toEqual([
      expect.objectContaining({
        action: 'threshold.changed',
        by: expect.stringContaining('command line'),
        details: expect.objectContaining({
          threshold: threshold.value,
          margin: margin.value,
          formerThreshold: 0.36,
          far: 1e-3,
        }),
      }),
    ]);
  });

  it('invents nothing for a gallery of six, and writes nothing', async () => {
    const file = settings('few', 'cameras: []\n');
    const { code, stdout, stderr } = await calibrate('few', '--config', file, '--write');
    expect(code).toBe(1);
    expect(stdout).toContain(
      'this gallery cannot tell:\n  The threshold: strangers are told apart by subjects, and there are 6;',
    );
    expect(stdout).toMatch(/threshold +0\.3600 +–/);
    expect(stderr).toContain('nothing was written: no threshold could be fitted');
    expect(readFileSync(file, 'utf8')).toBe('cameras: []\n');
  });

  it.each([
    ['many', ['--write'], 2, '--write needs the configuration file'],
    ['many', ['--far', '0.5'], 2, 'between 1e-7 and 0.01, got 0.5'],
    ['many', ['--far', 'low'], 2, 'got NaN'],
    ['nowhere', [], 1, 'there is no gallery at'],
    ['many', ['--plot', 'nowhere/plot.svg'], 2, 'could not be written to nowhere/plot.svg: ENOENT'],
  ])('in %s answers %s with %i', async (data, args, code, said) => {
    const ended = await calibrate(data, ...args);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(said);
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });
});

function audit(data: string): Promise<Record<string, unknown>[]> {
  const main = resolve(import.meta.dirname, '../../cli/main.ts');
  return new Promise((done, fail) => {
    execFile(process.execPath, [main, 'audit', 'list', '--json', '--data', join(folder, data)], (error, stdout) => {
      if (error) fail(error);
      else
        done(
          stdout
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line)),
        );
    });
  });
}
