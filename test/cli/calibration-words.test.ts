import { describe, expect, it } from 'vitest';
import { figureRows, histogramRows, meaningWords, suspectWords } from '../../cli/commands/gallery/calibration-words.ts';
import { type Calibration, calibrateGallery } from '../../gallery/calibration/calibrate-gallery.ts';
import { calibrationPlot } from '../../gallery/calibration/calibration-plot.ts';

/** `count` subjects with one template each, all in one plane, a degree apart: cosines are known. */
const fan = (count: number): Calibration =>
  calibrateGallery({
    templates: Array.from({ length: count }, (_, i) => ({
      id: `t${i}`,
      subjectId: `s${String(i).padStart(3, '0')}`,
      source: '',
      vector: Float32Array.of(Math.cos((i * Math.PI) / 180), Math.sin((i * Math.PI) / 180)),
    })),
    nameOf: (id) => id,
    now: { threshold: 0.9995, margin: 0.0001 },
    far: 1e-2,
    marginCost: 0.005,
  });

describe('the words of a calibration', () => {
  it('draw every comparison, in steps that hold their own ends', () => {
    const rows = histogramRows(fan(91)).slice(1);
    const counted = rows.reduce(
      (sum, [, other]) => sum + Number(/[\d,]+$/.exec(other!)?.[0].replaceAll(',', '') ?? 0),
      0,
    );
    expect(counted).toBe(91 * 90);
    expect(rows.at(-1)![0]).toBe(' 0.95');
    expect(rows.at(-1)![2]).toContain('◂ threshold now');
    expect(rows[0]![0]).toBe(' 0.00');
  });

  it('say what is not known as a dash, never as a number', () => {
    const rows = new Map(figureRows(fan(91)).map(([name, ...cells]) => [name, cells]));
    expect(rows.get('threshold')!.slice(0, 2)).toEqual(['0.9995', '–']);
    expect(rows.get('an enrolled person is below the threshold')).toEqual(['–', '–', '']);
    expect(rows.get('a stranger is taken for one given subject')![2]).toBe('180 of 8,190 comparisons');
    for (const [name, ...cells] of figureRows(fan(0))) {
      if (name !== '' && name !== 'threshold' && name !== 'margin') expect(cells.slice(0, 2)).toEqual(['–', '–']);
    }
    expect([...meaningWords(fan(1)), ...suspectWords(fan(1), 3)]).toEqual([]);
    // 1 degree apart: 0.99985. Every one has a neighbour.
    expect(rows.get('  the same, counted here')![0]).toBe('100 %');
  });

  it('tell what rate to ask for so that one stranger in a hundred gets a name', () => {
    const [sentence] = meaningWords(fan(91));
    expect(sentence).toContain('1 − (1 − 0.01)^91');
    expect(sentence).toContain(`about ${(100 * (1 - 0.99 ** 91)).toPrecision(3)} %`);
    expect(sentence).toContain('--far 1e-4');
  });

  it('name as many as are asked for and say how many more there are', () => {
    const lines = suspectWords(fan(91), 3);
    expect(lines[0]).toContain('90 pairs of subjects, 90 of them reach the threshold');
    expect(lines.slice(1, 4).every((line) => /^ {2}0\.9998 {2}s\d+ and s\d+: 2 comparisons reach it$/.test(line))).toBe(
      true,
    );
    expect(lines[4]).toBe('  and 87 more');
  });

  it('have nothing to draw for an empty gallery, and still a picture', () => {
    const empty = fan(0);
    expect(histogramRows(empty)).toEqual([]);
    expect(calibrationPlot(empty)).not.toMatch(/NaN|Infinity/);
    expect(calibrationPlot(fan(91))).not.toMatch(/NaN|Infinity/);
  });
});
