import { beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../config/app-error.ts';
import { type Settings, type SettingsInput, settingsSchema } from '../../config/settings-schema.ts';
import type { EventDraft } from '../../pipeline/access-event.ts';
import type { AuditEntry, AuditRecord } from '../../pipeline/audit.ts';
import { HotSettings } from '../../server/hot-settings.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const LOBBY = { id: 'lobby', cameras: ['front'], allow: ['Ada'] };
const settings = (input: SettingsInput = {}) =>
  settingsSchema.parse({ cameras: [{ id: 'front', url: 'test:' }], doors: [LOBBY], ...input });

let taken: Settings['doors'][];
let entries: AuditEntry[];
let recorded: EventDraft[];
let log: ReturnType<typeof recordedLog>;
let hot: HotSettings;
let auditFails = false;

function start(input: SettingsInput = {}): void {
  taken = [];
  entries = [];
  recorded = [];
  auditFails = false;
  log = recordedLog();
  hot = new HotSettings({
    settings: settings(input),
    doors: {
      replace: ({ doors }) => {
        taken.push([...doors]);
        return [];
      },
    },
    audit: {
      read: () => entries.map((entry, n) => ({ ...entry, number: n + 1, atMs: 0, hash: '' }) satisfies AuditRecord),
      record: (entry) => {
        if (auditFails) throw new AppError('AUDIT_UNAVAILABLE', 'the disk is full');
        entries.push(entry);
      },
    },
    record: (drafts) => void recorded.push(...drafts),
    clock: new VirtualClock(),
    log,
  });
}
beforeEach(() => start());

const faults = () => recorded.map(({ type, reason }) => [type, reason]);
const withBob = { doors: [{ ...LOBBY, allow: ['Ada', 'Bob'] }] };

describe('settings that were changed while facegate runs', () => {
  it('hold where they are about doors and schedules, and are audited before', () => {
    hot.apply(settings(withBob));
    expect(taken.map((doors) => doors[0]?.allow.map(({ subject }) => subject))).toEqual([['Ada', 'Bob']]);
    expect(entries.map(({ action, by, details }) => [action, by, details.door])).toEqual([
      ['policy.changed', 'settings file', 'lobby'],
    ]);
    hot.apply(settings(withBob));
    expect(taken).toHaveLength(1);
    hot.apply(settings({ ...withBob, schedules: { office: { timeZone: 'UTC' } } }));
    expect(taken).toHaveLength(2);
    expect(entries.at(-1)?.details).toMatchObject({ schedule: 'office', formerPolicy: null });
    expect(faults()).toEqual([]);
  });

  it('are not taken over where they cannot be audited, and may be tried again', () => {
    auditFails = true;
    hot.apply(settings(withBob));
    expect(taken).toEqual([]);
    expect(faults()).toEqual([['system.fault', 'AUDIT_UNAVAILABLE']]);
    auditFails = false;
    hot.apply(settings(withBob));
    expect(taken).toHaveLength(1);
  });

  it('change nothing where they are not valid', () => {
    hot.refuse(new AppError('CONFIG_INVALID', 'doors[0].cameras is missing'));
    expect(taken).toEqual([]);
    expect(faults()).toEqual([['system.fault', 'CONFIG_INVALID']]);
  });

  it('change nothing where a door asks for a network that does not run', () => {
    const live = { models: { scorers: [{ model: 'minifasnet' }] }, doors: [{ ...LOBBY, liveness: true }] };
    hot.apply(settings(live));
    expect(taken).toEqual([]);
    expect(faults()).toEqual([['system.fault', 'CONFIG_INVALID']]);
    start({ models: live.models });
    hot.apply(settings(live));
    expect(taken).toHaveLength(1);
  });

  it('say so where a file that was saved changed nothing for the doors', () => {
    hot.apply(settings({}));
    hot.apply(settings(withBob));
    hot.apply(settings(withBob));
    expect(log.lines.map(({ message }) => message)).toEqual([
      'doors and schedules are as they were',
      'the doors were taken over',
      'doors and schedules are as they were',
    ]);
  });

  it('say once what needs a restart', () => {
    const other = { server: { port: 9000 }, recognition: { threshold: 0.5 } };
    hot.apply(settings(other));
    hot.apply(settings(other));
    const lines = log.lines.filter(({ message }) => message.includes('restart'));
    expect(lines.map(({ message }) => message)).toEqual([
      'a restart is needed for what changed in server, recognition',
    ]);
    expect(taken).toEqual([]);
  });
});
