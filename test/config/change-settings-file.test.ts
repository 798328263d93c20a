import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeSettingsFile } from '../../config/change-settings-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-change-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const NUMBERS = { recognition: { threshold: 0.41, margin: 0.06 } };

function changed(text: string, numbers = NUMBERS as Parameters<typeof changeSettingsFile>[1]) {
  const file = join(folder, 'facegate.yaml');
  writeFileSync(file, text);
  const lines = changeSettingsFile(file, numbers);
  return { text: readFileSync(file, 'utf8'), lines };
}

describe('changeSettingsFile', () => {
  it.each([
    [
      'numbers that stand there, with all around them',
      `# ours\nrecognition:   # carefully chosen\n  threshold: 0.36 # by calibrate\n  margin:   5e-2\n\ncameras:\n    - {id: front,  url: "rtsp://u:\${PW}@h/s"}\n`,
      `# ours\nrecognition:   # carefully chosen\n  threshold: 0.41 # by calibrate\n  margin:   0.06\n\ncameras:\n    - {id: front,  url: "rtsp://u:\${PW}@h/s"}\n`,
    ],
    [
      'what is missing in a section, under its own comment',
      'recognition:\n    # fit to be seen\n    oodThreshold: 0.4\n    margin: 0.1\ndoors: []\n',
      'recognition:\n    # fit to be seen\n    threshold: 0.41\n    oodThreshold: 0.4\n    margin: 0.06\ndoors: []\n',
    ],
    [
      'a section in one line',
      'recognition: { threshold: 0.3, margin: 0.1 } # short\n',
      'recognition: { threshold: 0.41, margin: 0.06 } # short\n',
    ],
    [
      'a missing section',
      'cameras: [] # none yet\n',
      'cameras: [] # none yet\n\nrecognition:\n  threshold: 0.41\n  margin: 0.06\n',
    ],
    [
      'a file without a last newline',
      'cameras: []',
      'cameras: []\n\nrecognition:\n  threshold: 0.41\n  margin: 0.06\n',
    ],
    ['an empty file', '', 'recognition:\n  threshold: 0.41\n  margin: 0.06\n'],
    [
      'lines that end as on Windows',
      'recognition:\r\n  threshold: 0.3\r\n',
      'recognition:\r\n  threshold: 0.41\r\n  margin: 0.06\r\n',
    ],
    [
      'a number from the environment',
      `recognition:\n  threshold: "\${T}"\n  margin: 0\n`,
      'recognition:\n  threshold: 0.41\n  margin: 0.06\n',
    ],
  ])('writes %s', (_, before, after) => {
    expect(changed(before).text).toBe(after);
  });

  it.each([
    ['a section in one line that lacks one', 'a: 1 # kept\nrecognition: { oodThreshold: 0.4 }\n'],
    ['a section that is empty', 'a: 1 # kept\nrecognition:\nb: 2\n'],
    ['a document in one line', '{ a: 1 } # kept\n'],
    ['a key without a value', 'a: 1 # kept\nrecognition:\n  threshold:\n'],
  ])('writes %s too, comments and all else kept', (_, before) => {
    const { text } = changed(before);
    expect(text).toContain('# kept');
    expect(text).toMatch(/threshold: 0\.41/);
    expect(text).toMatch(/margin: 0\.06/);
  });

  it('tells which lines changed, and nothing where the file says so already', () => {
    const before = 'a: 1\nrecognition:\n  threshold: 0.36\n  margin: 0.06\nb: 2\n';
    const { text, lines } = changed(before);
    expect(lines).toEqual([
      { kind: 'removed', line: 3, text: '  threshold: 0.36' },
      { kind: 'added', line: 3, text: '  threshold: 0.41' },
    ]);
    expect(changed(text).lines).toEqual([]);
  });

  it.each([
    ['in one line with the number', '{ key: hunter2, recognition: { threshold: 0.3, margin: 0.1 } }\n'],
    ['laid out anew', '{ key: hunter2, other: [1] }\n'],
    ['between two sections', 'recognition:\nkey: hunter2\n'],
  ])('never shows what stands %s', (_, before) => {
    const { text, lines } = changed(before);
    expect(text).toContain('hunter2');
    expect(text).toContain('0.41');
    expect(lines.length).toBeGreaterThan(0);
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });

  it('keeps the mode of the file, follows a link, and leaves nothing else behind', () => {
    const file = join(folder, 'real.yaml');
    writeFileSync(file, 'a: 1\n');
    chmodSync(file, 0o640);
    const link = join(folder, 'link.yaml');
    symlinkSync(file, link);
    changeSettingsFile(link, NUMBERS);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readFileSync(file, 'utf8')).toContain('threshold: 0.41');
    expect(readdirSync(folder).sort()).toEqual(['link.yaml', 'real.yaml']);
  });

  it.each([
    ['a section that is a list', 'recognition: [1]\n', 'recognition must be a section'],
    ['a section shared by a name', 'x: &r { threshold: 0.3 }\nrecognition: *r\n', 'recognition must be a section'],
    ['what is no YAML', 'recognition: {\n', 'line'],
  ])('refuses %s and leaves the file as it is', (_, before, message) => {
    expect(() => changed(before)).toThrow(message);
    expect(readFileSync(join(folder, 'facegate.yaml'), 'utf8')).toBe(before);
  });

  it('refuses a file that is not there', () => {
    expect(() => changeSettingsFile(join(folder, 'nowhere.yaml'), NUMBERS)).toThrow('does not exist');
  });
});
