/** When a subject gave the last sign of being wanted here. */
export interface LastSign {
  readonly id: string;
  readonly name: string;
  /** The latest of when it was made, recognised and enrolled, milliseconds. */
  readonly lastSignMs: number;
}

interface Subject {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly lastSeenMs: number | null;
}

interface Template {
  readonly subjectId: string;
  readonly createdAtMs: number;
}

/** Subjects that were neither recognised nor enrolled for `afterMs`, longest first. */
export function longUnseen(
  subjects: readonly Subject[],
  templates: readonly Template[],
  { nowMs, afterMs }: { nowMs: number; afterMs: number },
): LastSign[] {
  const enrolled = new Map<string, number>();
  for (const { subjectId, createdAtMs } of templates) {
    enrolled.set(subjectId, Math.max(createdAtMs, enrolled.get(subjectId) ?? 0));
  }
  return subjects
    .map(({ id, name, createdAtMs, lastSeenMs }) => ({
      id,
      name,
      lastSignMs: Math.max(createdAtMs, lastSeenMs ?? 0, enrolled.get(id) ?? 0),
    }))
    .filter(({ lastSignMs }) => nowMs - lastSignMs >= afterMs)
    .sort((a, b) => a.lastSignMs - b.lastSignMs || (a.id < b.id ? -1 : 1));
}

/**
 * Whether so many deletions at once are more likely a clock that is wrong, or cameras that were off for months, than people
 * who left: more than half of the gallery, and more than ten. A person has to decide that.
 */
export function isSuspicious(unseen: number, all: number): boolean {
  return unseen > 10 && unseen * 2 > all;
}
