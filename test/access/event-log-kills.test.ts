import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openEventLog } from '../../access/event-log.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** `npm run soak -- feeds --only log` asks for a thousand. */
const KILLS = Number(process.env.FACEGATE_LOG_KILLS ?? 50);
const APPENDER = fileURLToPath(new URL('../support/event-appender.ts', import.meta.url));
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => i + first);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-kills-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it(
  `survives ${KILLS} SIGKILLs at random moments: no gap, and nothing lost that was acknowledged`,
  async () => {
    const file = join(folder, 'events.db');
    let kept = 0;
    let acknowledged = 0;
    for (const _ of upTo(KILLS)) {
      const said = await lifeOf(file);
      acknowledged += said.length;
      // Numbered on from what was there, one after the other.
      expect(said).toEqual(upTo(kept + said.length, kept + 1));
      const log = openEventLog({ file, tenant: 'default', clock: new VirtualClock(), log: recordedLog() });
      const found: number[] = [];
      for (
        let page = log.page({ since: kept, limit: 10_000 });
        ;
        page = log.page({ since: page.next, limit: 10_000 })
      ) {
        found.push(...page.events.map(({ sequence }) => sequence));
        if (!page.more) break;
      }
      expect(found).toEqual(upTo(kept + found.length, kept + 1));
      expect(found.length).toBeGreaterThanOrEqual(said.length);
      // Appended in twos: none may be there by half.
      expect(found.length % 2).toBe(0);
      kept += found.length;
      await log.close();
    }
    expect(acknowledged).toBeGreaterThan(KILLS);
    process.stdout.write(`killed ${KILLS} times: ${acknowledged} events acknowledged, ${kept} in the log, no gap\n`);
  },
  KILLS * 5000,
);

/** @returns the numbers that were acknowledged before the process was killed. */
async function lifeOf(file: string): Promise<number[]> {
  const child = spawn(process.execPath, [APPENDER, file], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 30_000 });
  const ended = once(child, 'close');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    // Somewhere in its work, which a pair of events takes about a millisecond of.
    if (said === '') setTimeout(() => child.kill('SIGKILL'), Math.random() * 30);
    said += text;
  });
  expect((await ended)[1]).toBe('SIGKILL');
  return said.split('\n').slice(0, -1).map(Number);
}
