/** `not checked`: the question could not be asked, or does not arise on this machine. */
export type FindingState = 'ok' | 'warning' | 'wrong' | 'not checked';

/** What one look at the machine showed. */
export interface Finding {
  /** What was looked at: `ffmpeg`, `camera front`. */
  readonly check: string;
  readonly state: FindingState;
  /** What was found, and what is wrong with it; why, where nothing was checked. Never a credential. */
  readonly found: string;
  /** What to type or do; there wherever the state is `warning` or `wrong`. */
  readonly todo?: string;
}

/** 1 where something is wrong; a warning is none. */
export function exitCodeOf(findings: readonly Finding[]): 0 | 1 {
  return findings.some(({ state }) => state === 'wrong') ? 1 : 0;
}
