import type { Finding } from './finding.ts';

const WRONG_BELOW_MB = 100;
const WARN_BELOW_MB = 1024;

/** @param freeMb MiB that we may still write where the data folder lies, or the reason why nobody knows. */
export function checkDisk(freeMb: number | Error, dataDir: string): Finding {
  const check = 'disk';
  if (freeMb instanceof Error) return { check, state: 'not checked', found: freeMb.message };
  const found = `${freeMb} MiB free for ${dataDir}`;
  if (freeMb >= WARN_BELOW_MB) return { check, state: 'ok', found };
  const todo = 'free some, or keep the data elsewhere (--data, FACEGATE_HOME, dataDir)';
  return { check, state: freeMb < WRONG_BELOW_MB ? 'wrong' : 'warning', found, todo };
}
