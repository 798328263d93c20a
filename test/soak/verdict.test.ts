import { describe, expect, it } from 'vitest';
import { exitCodeOf, renderVerdicts, type Verdict, verdict } from '../../soak/verdict.ts';

const MET = verdict('zombies', 'none', '0', true);
const MISSED = verdict('memory', '< 1 MB', '+7 MB', false);
const UNDECIDED: Verdict = { what: 'memory', wanted: '< 1 MB', got: '−3 to +4 MB', outcome: 'undecided' };

describe('what came of a run', () => {
  it.each<[string, Verdict[], 0 | 1]>([
    ['all met', [MET, MET], 0],
    ['one missed', [MET, MISSED], 1],
    ['one that cannot be told', [MET, UNDECIDED], 0],
    ['nothing that was looked at', [], 1],
  ])('%s ends with its code', (_, verdicts, code) => {
    expect(exitCodeOf(verdicts)).toBe(code);
  });

  it('is a line for each number: wanted, got, and whether', () => {
    expect(renderVerdicts([MET, MISSED, UNDECIDED])).toBe(
      [
        '         wanted  got',
        'zombies  none    0            met',
        'memory   < 1 MB  +7 MB        MISSED',
        'memory   < 1 MB  −3 to +4 MB  cannot be told',
        '',
        '1 met, 1 missed, 1 cannot be told by so short a run',
      ].join('\n'),
    );
  });
});
