import type { Settings } from '../../config/settings-schema.ts';
import type { AuditAction, AuditDetails, AuditEntry, AuditRecord } from '../../pipeline/audit.ts';

/** The part of the audit log that is needed to see what the rules were. */
export interface RuleBook {
  read(o: { after: number; limit: number; actions: readonly AuditAction[] }): readonly AuditRecord[];
  record(entry: AuditEntry): void;
}

export interface Rules {
  readonly threshold: number;
  readonly margin: number;
  readonly embedder: string;
  readonly oodThreshold: number;
  readonly doors: Settings['doors'];
}

/** Entries read at once. */
const PAGE = 1000;

/**
 * At a start: records by which rules facegate decides from now on, where they are not those of the last time. What they were
 * is read from the log itself, so that a change of the settings is seen whoever made it, whenever facegate was not running.
 *
 * @throws {AppError} AUDIT_UNAVAILABLE
 */
export function noteRules(book: RuleBook, { doors, ...thresholds }: Rules): void {
  const known = lastRules(book);
  const before = known.thresholds;
  if (!before || Object.entries(thresholds).some(([key, value]) => before[key] !== value)) {
    record(book, 'threshold.changed', { ...thresholds, ...former(before, Object.keys(thresholds)) });
  }
  const policies = new Map<string, string | null>(doors.map((door) => [door.id, JSON.stringify(door)]));
  for (const door of known.policies.keys()) if (!policies.has(door)) policies.set(door, null);
  for (const [door, policy] of policies) {
    const formerPolicy = known.policies.get(door) ?? null;
    if (policy !== formerPolicy) record(book, 'policy.changed', { door, policy, formerPolicy });
  }
}

function record(book: RuleBook, action: AuditAction, details: AuditDetails): void {
  book.record({ action, by: 'settings at the start', subject: null, details });
}

/** `threshold` becomes `formerThreshold`; null where nothing was recorded before. */
function former(before: AuditDetails | null, keys: readonly string[]): AuditDetails {
  return Object.fromEntries(
    keys.map((key) => [`former${key.charAt(0).toUpperCase()}${key.slice(1)}`, before?.[key] ?? null]),
  );
}

function lastRules(book: RuleBook) {
  let thresholds: AuditDetails | null = null;
  const policies = new Map<string, string | null>();
  for (let after = 0; ; ) {
    const page = book.read({ after, limit: PAGE, actions: ['threshold.changed', 'policy.changed'] });
    for (const { action, details } of page) {
      if (action === 'threshold.changed') thresholds = details;
      else policies.set(String(details.door), details.policy === null ? null : String(details.policy));
    }
    if (page.length < PAGE) return { thresholds, policies };
    after = page.at(-1)?.number ?? after;
  }
}
