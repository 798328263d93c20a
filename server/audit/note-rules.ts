import type { Settings } from '../../config/settings-schema.ts';
import type { AuditAction, AuditDetails, AuditEntry, AuditRecord } from '../../pipeline/audit.ts';

/** The part of the audit log that is needed to see what the rules were. */
export interface RuleBook {
  read(o: { after: number; limit: number; actions: readonly AuditAction[] }): readonly AuditRecord[];
  record(entry: AuditEntry): void;
}

export interface DoorRules {
  readonly doors: Settings['doors'];
  readonly schedules: Settings['schedules'];
}

export interface Rules extends DoorRules {
  readonly threshold: number;
  readonly margin: number;
  readonly embedder: string;
  readonly oodThreshold: number;
}

/** Entries read at once. */
const PAGE = 1000;

/** Who changes rules that nobody changed while facegate ran. */
const AT_START = 'settings at the start';

/**
 * At a start: records by which rules facegate decides from now on, where they are not those of the last time. What they were
 * is read from the log itself, so that a change of the settings is seen whoever made it, whenever facegate was not running.
 *
 * @throws {AppError} AUDIT_UNAVAILABLE
 */
export function noteRules(book: RuleBook, { doors, schedules, ...thresholds }: Rules): void {
  const before = lastRules(book).thresholds;
  if (!before || Object.entries(thresholds).some(([key, value]) => before[key] !== value)) {
    record(book, AT_START, 'threshold.changed', { ...thresholds, ...former(before, Object.keys(thresholds)) });
  }
  noteDoorRules(book, { doors, schedules }, AT_START);
}

/**
 * The same for the doors and schedules alone.
 *
 * @param by who changed them, where they are others than before.
 * @throws {AppError} AUDIT_UNAVAILABLE
 */
export function noteDoorRules(book: RuleBook, { doors, schedules }: DoorRules, by: string): void {
  const known = lastRules(book).policies;
  const policies = new Map<string, Policy>();
  for (const door of doors) put(policies, { of: 'door', name: door.id, policy: JSON.stringify(door) });
  for (const [name, schedule] of Object.entries(schedules)) {
    put(policies, { of: 'schedule', name, policy: JSON.stringify(schedule) });
  }
  for (const [key, { of, name }] of known) if (!policies.has(key)) put(policies, { of, name, policy: null });
  for (const [key, { of, name, policy }] of policies) {
    const formerPolicy = known.get(key)?.policy ?? null;
    if (policy !== formerPolicy) record(book, by, 'policy.changed', { [of]: name, policy, formerPolicy });
  }
}

/** A rule as it stands in the log; null where it is gone. */
interface Policy {
  readonly of: 'door' | 'schedule';
  readonly name: string;
  readonly policy: string | null;
}

function put(policies: Map<string, Policy>, policy: Policy): void {
  policies.set(`${policy.of}/${policy.name}`, policy);
}

function record(book: RuleBook, by: string, action: AuditAction, details: AuditDetails): void {
  book.record({ action, by, subject: null, details });
}

/** `threshold` becomes `formerThreshold`; null where nothing was recorded before. */
function former(before: AuditDetails | null, keys: readonly string[]): AuditDetails {
  return Object.fromEntries(
    keys.map((key) => [`former${key.charAt(0).toUpperCase()}${key.slice(1)}`, before?.[key] ?? null]),
  );
}

function lastRules(book: RuleBook) {
  let thresholds: AuditDetails | null = null;
  const policies = new Map<string, Policy>();
  for (let after = 0; ; ) {
    const page = book.read({ after, limit: PAGE, actions: ['threshold.changed', 'policy.changed'] });
    for (const { action, details } of page) {
      if (action === 'threshold.changed') thresholds = details;
      else {
        const of = details.schedule === undefined ? 'door' : 'schedule';
        const policy = details.policy === null ? null : String(details.policy);
        put(policies, { of, name: String(details[of]), policy });
      }
    }
    if (page.length < PAGE) return { thresholds, policies };
    after = page.at(-1)?.number ?? after;
  }
}
