import type { Progress } from './progress.ts';
import type { Verdict } from './verdict.ts';

export interface PartOptions {
  readonly short: boolean;
  /** How long the program is watched for leaks, minutes. */
  readonly minutes: number;
  /** How often a tenant fails; null: as often as the part likes. */
  readonly rounds: number | null;
  readonly progress: Progress;
  /** Aborted when somebody ends the run: it then rejects, when everything it started is gone. */
  readonly signal: AbortSignal;
}

export interface PartReport {
  readonly part: string;
  readonly verdicts: readonly Verdict[];
  /** What the verdicts were made of, for machines. */
  readonly details: unknown;
}
