import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFigures, writeFigures } from '../../bench/figures-file.ts';
import { figuresIn, figuresMarkdown, placesIn } from '../../bench/figures-markdown.ts';
import { plotSvg } from '../../bench/live/plot.ts';
import { FIGURES } from '../../bench/parts.ts';
import type { Figures } from '../../bench/report.ts';
import { writeReport } from '../../bench/write-report.ts';

const docs = join(import.meta.dirname, '../../docs');
const document = readFileSync(join(docs, 'performance.md'), 'utf8');
const files = readdirSync(join(docs, 'figures'));
const kept = files.filter((name) => name.endsWith('.json'));

describe('docs/performance.md', () => {
  it('has a place for each part that all measures', () => {
    expect(placesIn(document).sort()).toEqual([...FIGURES].sort());
  });

  it.each(kept)('says what docs/figures/%s says, and nothing else', (name) => {
    const [figures, ...others] = readFigures(join(docs, 'figures', name));
    const { measurement } = figures as Figures;
    expect(others).toEqual([]);
    expect(name).toBe(`${measurement.part}.json`);
    expect(figuresIn(document, measurement.part)).toBe(figuresMarkdown(figures as Figures));
    for (const plot of measurement.plots ?? [])
      expect(readFileSync(join(docs, 'figures', `${plot.name}.svg`), 'utf8')).toBe(plotSvg(plot));
  });

  it('shows every plot that is kept', () => {
    for (const name of files.filter((each) => each.endsWith('.svg'))) expect(document).toContain(`(figures/${name})`);
  });

  it('is made of files that name no folder of a person', () => {
    for (const name of kept) {
      const text = readFileSync(join(docs, 'figures', name), 'utf8');
      expect(text).not.toMatch(/\/(home|root|tmp|work|Users)\//);
      expect(text.length).toBeLessThan(60_000);
    }
  });
});

describe('the report', () => {
  let folder: string;
  const figures = (part: string, othersShare: number, value = 12.3456789): Figures => ({
    machine: {
      cpu: 'a processor',
      cores: 2,
      memoryGiB: 4,
      governor: null,
      system: 'linux x64',
      node: '24.0.0',
      ffmpeg: null,
      onnxruntime: null,
    },
    conditions: {
      at: '2026-11-21T00:00:00.000Z',
      seconds: 3,
      loadBefore: 0.1,
      ownShare: 0.5,
      othersShare,
      stolenShare: 0,
    },
    measurement: {
      part,
      rows: [
        { name: 'ours', values: [value, 14, 11], unit: 'ms' },
        { name: 'theirs', values: [20], unit: 'ms', as: 'peer', note: 'a | b' },
      ],
      ratios: [
        { name: 'ours / theirs', values: [0.6, 0.7, 0.55], wanted: { atMost: 0.5 } },
        { name: 'in passing', values: [1], wanted: null },
      ],
      plots: [
        { name: 'ours', title: 'Ours', x: 'x', y: 'y', series: [{ name: 's', as: 'line', points: [[0, 1 / 3]] }] },
      ],
      remarks: ['one\n    two'],
    },
  });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'facegate-report-'));
    mkdirSync(join(folder, 'docs'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('writes tables between the markers, leaves the prose, keeps JSON and plots, and does the same again', () => {
    const docs = join(folder, 'docs');
    writeFileSync(
      join(docs, 'performance.md'),
      '# A\n\n<!-- figures: search -->\nold\n<!-- /figures: search -->\n\nprose\n',
    );
    writeFigures(join(folder, 'in', 'search.json'), [figures('search', 0)]);
    expect(writeReport([join(folder, 'in')], { evenIfBusy: false, docs })).toEqual(['search: taken']);
    const text = readFileSync(join(docs, 'performance.md'), 'utf8');
    expect(text).toMatch(/^# A\n\n<!-- figures: search -->\n/);
    expect(text).toMatch(/\n<!-- \/figures: search -->\n\nprose\n$/);
    expect(text).not.toContain('old');
    expect(text).toContain('| ours | 12.3 ms | 11.0–14.0 |  |');
    expect(text).toContain('| theirs | 20.0 ms |  | peer; a \\| b |');
    expect(text).toContain('| ours / theirs | **0.600** | 0.550–0.700 | ≤ 0.5: **missed** |');
    expect(text).toContain('| in passing | 1.000 |  |  |');
    expect(text).toContain('- one two');
    expect(readFileSync(join(docs, 'figures', 'ours.svg'), 'utf8')).toContain('<svg');
    writeReport([join(docs, 'figures', 'search.json')], { evenIfBusy: false, docs });
    expect(readFileSync(join(docs, 'performance.md'), 'utf8')).toBe(text);
  });

  it('leaves out what was measured on a busy machine, and parts without a place, and says so', () => {
    const docs = join(folder, 'docs');
    const before = readFileSync(join(docs, 'performance.md'), 'utf8');
    writeFigures(join(folder, 'busy.json'), [figures('search', 0.3, 99), figures('rtsp', 0)]);
    const said = writeReport([join(folder, 'busy.json')], { evenIfBusy: false, docs });
    expect(said).toEqual([
      'search: left out, other programs took 30 % of the cores (--even-if-busy takes it)',
      'rtsp: left out, performance.md has no place for it',
    ]);
    expect(readFileSync(join(docs, 'performance.md'), 'utf8')).toBe(before);
    writeReport([join(folder, 'busy.json')], { evenIfBusy: true, docs });
    expect(readFileSync(join(docs, 'performance.md'), 'utf8')).toContain(
      '**other programs took 30 % of the cores: these figures do not count**',
    );
  });

  it('refuses a file that is something else', () => {
    writeFileSync(join(folder, 'other.json'), '{"measured":[]}');
    expect(() => writeReport([join(folder, 'other.json')], { evenIfBusy: false, docs: join(folder, 'docs') })).toThrow(
      /other\.json must be what npm run bench/,
    );
  });
});
