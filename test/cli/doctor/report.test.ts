import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../cli/doctor/finding.ts';
import { report } from '../../../cli/doctor/report.ts';

const findings: Finding[] = [
  { check: 'Node', state: 'ok', found: '24.21.0' },
  {
    check: 'NVIDIA driver',
    state: 'wrong',
    found: 'nvidia-smi failed: it could not communicate with the driver, which may not be loaded at all',
    todo: 'run nvidia-smi; after an update of the driver, restart the machine',
  },
  { check: 'camera of-a-very-long-name-at-the-back-door', state: 'not checked', found: 'without ffmpeg' },
];

describe('the report', () => {
  it('fits into 80 columns and keeps what belongs together in a column', () => {
    expect(report(findings)).toEqual([
      'ok           Node                  24.21.0',
      'wrong        NVIDIA driver         nvidia-smi failed: it could not communicate',
      '                                   with the driver, which may not be loaded at',
      '                                   all',
      '                                   → run nvidia-smi; after an update of the',
      '                                     driver, restart the machine',
      'not checked  camera of-a-very-long-name-at-the-back-door',
      '                                   without ffmpeg',
      '',
      '1 wrong, 0 warning, 1 ok, 1 not checked',
    ]);
  });

  it('never breaks what is to be copied', () => {
    const path = `/usr/${'lib/'.repeat(30)}x.onnx`;
    expect(report([{ check: 'model', state: 'ok', found: `here: ${path}` }]).some((line) => line.endsWith(path))).toBe(
      true,
    );
  });

  it('keeps the lines of an error that has several', () => {
    const lines = report([
      { check: 'model', state: 'wrong', found: 'looked at:\n  /a: not there\n  /b: not there', todo: 'x' },
    ]);
    expect(lines.map((line) => line.trim()).slice(1, 3)).toEqual(['/a: not there', '/b: not there']);
  });

  it('has colours only where it is told to, and the same text', () => {
    const plain = report(findings).join('\n');
    const coloured = report(findings, { colours: true }).join('\n');
    expect(plain).not.toContain('\u001b');
    expect(coloured).toContain('\u001b[31mwrong');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what colours are made of.
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(plain);
  });
});
