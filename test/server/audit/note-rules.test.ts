import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { settingsSchema } from '../../../config/settings-schema.ts';
import { noteRules } from '../../../server/audit/note-rules.ts';
import { type AuditLog, openAuditLog } from '../../../storage/audit-log.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let folder: string;
let log: AuditLog;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-rules-'));
  log = openAuditLog({ file: join(folder, 'audit.db'), clock: new VirtualClock() });
});
afterEach(() => {
  log.close();
  rmSync(folder, { recursive: true });
});

const doors = (...allow: string[][]) =>
  settingsSchema.parse({
    cameras: [{ id: 'front', url: 'rtsp://user:hunter2@10.0.0.5/one' }],
    doors: allow.map((names, n) => ({ id: `door${n}`, cameras: ['front'], allow: names })),
  }).doors;
const rules = { embedder: 'mobilefacenet', threshold: 0.3, margin: 0.05, oodThreshold: 0.4 };
const allowedIn = (policy: unknown) =>
  (JSON.parse(String(policy)) as { allow: { subject: string }[] }).allow.map(({ subject }) => subject);
/** What a start recorded beyond what was there. */
function start(o: Partial<Parameters<typeof noteRules>[1]>) {
  const before = log.last.number;
  noteRules(log, { ...rules, doors: [], schedules: {}, ...o });
  return log.read({ after: before, limit: 100 });
}

it('records the first rules, and nothing at a start with the same ones', () => {
  const first = start({ doors: doors(['Ada']) });
  expect(first.map(({ action, by, details }) => [action, by, details.door ?? details.threshold])).toEqual([
    ['threshold.changed', 'settings at the start', 0.3],
    ['policy.changed', 'settings at the start', 'door0'],
  ]);
  expect(start({ doors: doors(['Ada']) })).toEqual([]);
});

it('records what a threshold is and was', () => {
  start({});
  expect(start({ threshold: 0.25 }).map(({ details }) => details)).toEqual([
    {
      ...rules,
      threshold: 0.25,
      formerThreshold: 0.3,
      formerMargin: 0.05,
      formerEmbedder: 'mobilefacenet',
      formerOodThreshold: 0.4,
    },
  ]);
  expect(start({ threshold: 0.3 }).map(({ details }) => details.formerThreshold)).toEqual([0.25]);
  expect(start({ embedder: 'another' }).map(({ details }) => details.formerEmbedder)).toEqual(['mobilefacenet']);
});

it('records each door that came, went or lets others in, with what it was', () => {
  start({ doors: doors(['Ada'], ['Bob']) });
  const changed = start({ doors: doors(['Ada', 'Eve'], ['Bob']) });
  expect(changed.map(({ action, details }) => [action, details.door])).toEqual([['policy.changed', 'door0']]);
  expect(allowedIn(changed[0]?.details.policy)).toEqual(['Ada', 'Eve']);
  expect(allowedIn(changed[0]?.details.formerPolicy)).toEqual(['Ada']);
  const gone = start({ doors: doors(['Ada', 'Eve']) });
  expect(gone.map(({ details }) => [details.door, details.policy])).toEqual([['door1', null]]);
  expect(start({ doors: doors(['Ada', 'Eve']) })).toEqual([]);
  expect(start({ doors: doors(['Ada', 'Eve'], ['Bob']) }).map(({ details }) => details.formerPolicy)).toEqual([null]);
});

it('never records where a camera is, nor its password', () => {
  start({ doors: doors(['Ada']) });
  expect(JSON.stringify(log.read({ limit: 100 }))).not.toContain('hunter2');
});
