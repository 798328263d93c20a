import type { ToolAnswer } from '../../models/devices/run-tool.ts';
import type { Finding } from './finding.ts';

/** @param builtMs when this facegate was written to the disk: no clock that is right shows less. */
export function checkClock(nowMs: number, builtMs: number, timedatectl: ToolAnswer): Finding {
  const check = 'clock';
  const now = new Date(nowMs).toISOString();
  const set = 'set the clock: timedatectl set-ntp true';
  if (nowMs < builtMs) {
    return { check, state: 'wrong', found: `${now} is before this facegate was installed`, todo: set };
  }
  if (timedatectl.state !== 'answered') {
    const why = timedatectl.state === 'absent' ? 'there is no timedatectl' : `timedatectl failed: ${timedatectl.why}`;
    return { check, state: 'not checked', found: `${now}; whether it is synchronised cannot be told (${why})` };
  }
  const synchronised = /^NTPSynchronized=(yes|no)$/m.exec(timedatectl.text)?.[1];
  if (synchronised === 'yes') return { check, state: 'ok', found: `${now}, synchronised` };
  if (synchronised === undefined)
    return { check, state: 'not checked', found: `${now}; timedatectl does not say whether it is synchronised` };
  return {
    check,
    state: 'warning',
    found: `${now}, not synchronised: times in events may be wrong`,
    todo: 'timedatectl set-ntp true',
  };
}
