import { describe, expect, it } from 'vitest';
import { AUDIT_ACTIONS as KNOWN } from '../../pipeline/audit.ts';
import { AUDIT_ACTIONS, actionWords, detailWords } from '../../web/src/admin/audit-words.ts';
import { type AuditReader, readAudit } from '../../web/src/admin/read-audit.ts';
import type { AuditEntryView } from '../../web/src/api/api-types.ts';

/** A log of so many entries; every hundredth is by Ada. */
function log(latest: number) {
  const questions: { after: number; limit: number }[] = [];
  const read: AuditReader = async (query) => {
    questions.push(query);
    const count = Math.max(0, Math.min(query.limit, latest - query.after));
    const entries = Array.from({ length: count }, (_, i) => {
      const number = query.after + i + 1;
      return { number, by: number % 100 === 0 ? 'key Ada' : 'this machine' } as AuditEntryView;
    });
    return { entries, latest };
  };
  return { read, questions };
}
const all = () => true;
const byAda = ({ by }: AuditEntryView) => by === 'key Ada';
const numbers = ({ items }: { items: readonly AuditEntryView[] }) => items.map(({ number }) => number);

describe('readAudit', () => {
  it('gives the newest first, and goes on where it ended', async () => {
    const { read } = log(7);
    const first = await readAudit({ read, from: null, wanted: all, count: 3 });
    expect(numbers(first)).toEqual([7, 6, 5]);
    const second = await readAudit({ read, from: Number(first.next), wanted: all, count: 3 });
    expect(numbers(second)).toEqual([4, 3, 2]);
    const last = await readAudit({ read, from: Number(second.next), wanted: all, count: 3 });
    expect(numbers(last)).toEqual([1]);
    expect(last.next).toBeNull();
  });

  it('has nothing to say of an empty log', async () => {
    expect(await readAudit({ read: log(0).read, from: null, wanted: all, count: 3 })).toEqual({
      items: [],
      next: null,
    });
  });

  it('looks back through the log for what is wanted', async () => {
    const { read, questions } = log(1250);
    const first = await readAudit({ read, from: null, wanted: byAda, count: 7 });
    expect(numbers(first)).toEqual([1200, 1100, 1000, 900, 800, 700, 600]);
    expect(first.next).toBe('599');
    expect(questions.length).toBeLessThanOrEqual(4);
    expect(numbers(await readAudit({ read, from: 599, wanted: byAda, count: 7 }))).toEqual([500, 400, 300, 200, 100]);
  });

  it('does not look through a long log at one go', async () => {
    const { read, questions } = log(1_000_000);
    const page = await readAudit({ read, from: null, wanted: () => false, count: 10 });
    expect(page).toEqual({ items: [], next: '995000' });
    expect(questions).toHaveLength(11);
  });
});

describe('an entry in words', () => {
  it('has words for every action that is written down, and offers each to be filtered by', () => {
    expect([...AUDIT_ACTIONS].sort()).toEqual([...KNOWN].sort());
  });

  it('makes text of one that is not known', () => {
    expect(actionWords('gallery.polished_up')).toBe('gallery polished up');
  });

  it('says the details that there are', () => {
    expect(detailWords({ name: 'front', perMinute: null, withVectors: false, faces: 3 })).toBe(
      'name front · with vectors false · faces 3',
    );
  });
});
