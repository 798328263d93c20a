import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../config/app-error.ts';
import type { AuditEntry } from '../../pipeline/audit.ts';
import { checkRetention, type RetentionOptions, watchRetention } from '../../server/gallery-retention.ts';
import { recordedLog } from '../support/recorded-log.ts';

const DAY = 86_400_000;
const NOW = 1000 * DAY;
const log = recordedLog();
let people: Map<string, { createdAtMs: number; lastSeenMs: number | null }>;
let recorded: AuditEntry[];
let failing = false;

const options = (action: 'report' | 'delete'): RetentionOptions => ({
  retention: { after: 90 * DAY, action },
  gallery: {
    subjects: () => {
      if (failing) throw new AppError('GALLERY_UNAVAILABLE', 'it is gone');
      return [...people].map(([id, times]) => ({ id, name: `name of ${id}`, ...times })) as never;
    },
    templates: () => [],
    removeSubject: (id) => {
      if (id === 'raced') throw new AppError('SUBJECT_NOT_FOUND', 'gone');
      people.delete(id);
    },
  },
  audit: { record: (entry) => void recorded.push(entry) },
  clock: { wallMs: () => NOW },
  log,
});
const said = () => log.lines.map((line) => JSON.stringify(line)).join('\n');

beforeEach(() => {
  people = new Map([
    ['gone', { createdAtMs: 100 * DAY, lastSeenMs: 500 * DAY }],
    ['raced', { createdAtMs: 100 * DAY, lastSeenMs: null }],
    ['here', { createdAtMs: 100 * DAY, lastSeenMs: 990 * DAY }],
  ]);
  recorded = [];
  failing = false;
  log.lines.length = 0;
});

describe('retention', () => {
  it('names in the log who was not seen, and deletes nobody', () => {
    checkRetention(options('report'));
    expect([...people.keys()]).toEqual(['gone', 'raced', 'here']);
    expect(said()).toContain('2 subjects were not seen for 90 days');
    expect(said()).toContain('gone');
    expect(recorded).toEqual([]);
  });

  it('deletes them where it is told to, and writes it down', () => {
    checkRetention(options('delete'));
    expect([...people.keys()]).toEqual(['raced', 'here']);
    expect(recorded).toEqual([
      {
        action: 'subject.deleted',
        by: 'facegate',
        subject: 'gone',
        details: { reason: 'retention', lastSign: new Date(500 * DAY).toISOString() },
      },
    ]);
  });

  it('deletes nobody where it would be most of the gallery', () => {
    for (let n = 0; n < 20; n += 1) people.set(`p${n}`, { createdAtMs: 0, lastSeenMs: null });
    checkRetention(options('delete'));
    expect(people.size).toBe(23);
    expect(recorded).toEqual([]);
    expect(said()).toContain('too many to be deleted unasked');
  });

  it('says nothing where everybody was seen', () => {
    people = new Map([['here', { createdAtMs: 0, lastSeenMs: 990 * DAY }]]);
    checkRetention(options('delete'));
    expect(log.lines).toEqual([]);
  });
});

describe('watching', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('looks soon after the start and then daily, survives a failure, and ends', () => {
    const stop = watchRetention(options('report'));
    const count = () => log.lines.filter((line) => JSON.stringify(line).includes('not seen for')).length;
    vi.advanceTimersByTime(60_000);
    expect(count()).toBe(0);
    vi.advanceTimersByTime(10 * 60_000);
    expect(count()).toBe(1);
    failing = true;
    vi.advanceTimersByTime(DAY);
    expect(said()).toContain('GALLERY_UNAVAILABLE');
    failing = false;
    const before = count();
    vi.advanceTimersByTime(DAY);
    expect(count()).toBe(before + 1);
    stop();
    stop();
    vi.advanceTimersByTime(3 * DAY);
    expect(count()).toBe(before + 1);
  });
});
