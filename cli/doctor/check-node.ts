import type { Finding } from './finding.ts';
import { isAtLeast, versionNumber } from './version-number.ts';

const LEAST = [22, 18] as const;
/** The line that the tests run on. */
const TESTED = 24;

/** @param version `process.versions.node`. */
export function checkNode(version: string): Finding {
  const check = 'Node';
  const parsed = versionNumber(version);
  if (!parsed || !isAtLeast(parsed, LEAST)) {
    return {
      check,
      state: 'wrong',
      found: `${version}; facegate needs 22.18 or newer`,
      todo: 'install Node 24 (nodejs.org)',
    };
  }
  const found = parsed[0] === TESTED ? version : `${version} (facegate is tested with ${TESTED})`;
  return { check, state: 'ok', found };
}
