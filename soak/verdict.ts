/**
 * `undecided`: what was measured lies on both sides of what is wanted, and the run was too short to tell.
 */
export type Outcome = 'met' | 'missed' | 'undecided';

/** One thing that was wanted, and what came of it. */
export interface Verdict {
  readonly what: string;
  readonly wanted: string;
  readonly got: string;
  readonly outcome: Outcome;
}

export function verdict(what: string, wanted: string, got: string, met: boolean): Verdict {
  return { what, wanted, got, outcome: met ? 'met' : 'missed' };
}

const WORDS: Record<Outcome, string> = { met: 'met', missed: 'MISSED', undecided: 'cannot be told' };
const HEAD = ['', 'wanted', 'got', ''] as const;

/** A table a person can read, and how many were missed. */
export function renderVerdicts(verdicts: readonly Verdict[]): string {
  const rows = [
    HEAD,
    ...verdicts.map(({ what, wanted, got, outcome }) => [what, wanted, got, WORDS[outcome]] as const),
  ];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, '', summary(verdicts)].join('\n');
}

function summary(verdicts: readonly Verdict[]): string {
  const count = (outcome: Outcome) => verdicts.filter((one) => one.outcome === outcome).length;
  const undecided = count('undecided') > 0 ? `, ${count('undecided')} cannot be told by so short a run` : '';
  return `${count('met')} met, ${count('missed')} missed${undecided}`;
}

/** 1 where something was missed, or nothing was looked at. */
export function exitCodeOf(verdicts: readonly Verdict[]): 0 | 1 {
  return verdicts.length === 0 || verdicts.some(({ outcome }) => outcome === 'missed') ? 1 : 0;
}
