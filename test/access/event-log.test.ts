import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EventKeep, type EventLog, openEventLog } from '../../access/event-log.ts';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { eventDraft } from '../support/event-draft.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const coded = (code: string) => expect.objectContaining({ code });
const numbers = (events: readonly AccessEvent[]) => events.map((event) => event.sequence);
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

let folder: string;
let file: string;
const clock = new VirtualClock();
const opened: EventLog[] = [];

function open(o: { keep?: EventKeep; file?: string; tenant?: string | undefined } = {}): EventLog {
  const log = openEventLog({ file, tenant: 'default', clock, log: recordedLog(), ...o });
  opened.push(log);
  return log;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-events-'));
  file = join(folder, 'events.db');
});

afterEach(async () => {
  for (const log of opened.splice(0)) await log.close();
  rmSync(folder, { recursive: true });
});

describe('EventLog', () => {
  it('makes the envelope of the wire format, key for key', () => {
    const event = open().append(
      eventDraft({
        type: 'access.granted',
        door: 'lobby',
        expiresAtMs: Date.UTC(2026, 10, 21, 9, 0, 2, 120),
        capturedAtMs: Date.UTC(2026, 10, 21, 9, 0, 0, 120) + 0.75,
      }),
    );
    const id = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(event.id).toEqual(id);
    expect(JSON.stringify({ ...event, id: '…' })).toBe(
      '{"id":"…","sequence":1,"type":"access.granted","tenant":"default","door":"lobby","camera":"front",' +
        '"subject":{"id":"01900000-0000-7000-8000-000000000001","name":"Ada"},"similarity":0.71,"threshold":0.45,' +
        '"margin":0.22,"quality":0.83,"reason":null,"frameSequence":812,"capturedAt":"2026-11-21T09:00:00.120Z",' +
        '"decidedAt":"2026-11-21T09:00:00.200Z","expiresAt":"2026-11-21T09:00:02.120Z","replay":false}',
    );
  });

  it('belongs to whom its newest event says, for those who only help out', async () => {
    expect(open({ tenant: undefined }).tenant).toBe('default');
    const lobby = open({ tenant: 'lobby' });
    expect(lobby.append(eventDraft()).tenant).toBe('lobby');
    await lobby.close();
    expect(open({ tenant: undefined }).append(eventDraft()).tenant).toBe('lobby');
  });

  it('gives back what was appended, the same but for `replay`', async () => {
    const log = open();
    const nothing = { camera: null, subject: null, similarity: null, threshold: null, margin: null, quality: null };
    const appended = log.appendAll([
      eventDraft(),
      eventDraft({ type: 'access.denied', door: 'lobby', reason: 'unknown', subject: null }),
      eventDraft({ ...nothing, type: 'system.fault', reason: 'disk', frameSequence: null, capturedAtMs: null }),
    ]);
    const replayed = appended.map((event) => ({ ...event, replay: true }));
    expect(log.read({ since: 0, limit: 10 })).toEqual(replayed);
    await log.close();
    expect(open().read({ since: 0, limit: 10 })).toEqual(replayed);
  });

  it('numbers from 1 without gaps, and goes on after it was opened anew', async () => {
    const log = open();
    expect([log.lastSequence, log.oldestSequence]).toEqual([0, 1]);
    expect(log.append(eventDraft()).sequence).toBe(1);
    expect(numbers(log.appendAll([eventDraft(), eventDraft()]))).toEqual([2, 3]);
    expect(log.appendAll([])).toEqual([]);
    await log.close();
    const again = open();
    expect(again.append(eventDraft()).sequence).toBe(4);
    expect([again.lastSequence, again.oldestSequence]).toEqual([4, 1]);
    expect(numbers(again.read({ since: 0, limit: 10 }))).toEqual([1, 2, 3, 4]);
  });

  it('tells subscribers after it is on the disk, and only of what comes', () => {
    const log = open();
    log.append(eventDraft());
    const heard: [number, boolean, number][] = [];
    const other = new DatabaseSync(file);
    const count = other.prepare('SELECT count(*) AS n FROM events');
    log.events.subscribe((event) => heard.push([event.sequence, event.replay, Number(count.get()?.n)]));
    log.appendAll([eventDraft(), eventDraft()]);
    other.close();
    expect(heard).toEqual([
      [2, false, 3],
      [3, false, 3],
    ]);
  });

  it('tells everybody in order, also when one who is told appends', () => {
    const log = open();
    const heard: number[][] = [[], []];
    log.events.subscribe((event) => {
      heard[0]?.push(event.sequence);
      if (event.sequence === 1) log.append(eventDraft());
    });
    log.events.subscribe((event) => heard[1]?.push(event.sequence));
    log.append(eventDraft());
    log.append(eventDraft());
    expect(heard).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it('appends all of a batch or nothing, and no number is lost by it', () => {
    const log = open();
    const heard: number[] = [];
    log.events.subscribe((event) => heard.push(event.sequence));
    const untilWhen = eventDraft({ type: 'access.granted', door: 'lobby', expiresAtMs: null });
    expect(() => log.appendAll([eventDraft(), untilWhen])).toThrow('door lobby granted without saying until when');
    expect([log.lastSequence, heard]).toEqual([0, []]);
    expect(log.append(eventDraft()).sequence).toBe(1);
  });

  it.each([
    ['NaN', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
  ])('writes null for a number that is %s, live as replayed', (_, value) => {
    const log = open();
    const broken = { similarity: value, threshold: value, margin: value, quality: value, frameSequence: value };
    const event = log.append(eventDraft({ ...broken, capturedAtMs: value, decidedAtMs: value }));
    const nulls = { similarity: null, threshold: null, margin: null, quality: null, frameSequence: null };
    expect(event).toMatchObject({ ...nulls, capturedAt: null, decidedAt: new Date(clock.wallMs()).toISOString() });
    expect(log.read({ since: 0, limit: 1 })).toEqual([{ ...event, replay: true }]);
  });

  describe('read', () => {
    it('pages upwards from a number, and without one gives the newest', () => {
      const log = open();
      log.appendAll(upTo(7).map(() => eventDraft()));
      expect(numbers(log.read({ since: 0, limit: 3 }))).toEqual([1, 2, 3]);
      expect(numbers(log.read({ since: 3, limit: 3 }))).toEqual([4, 5, 6]);
      expect(numbers(log.read({ since: 6, limit: 3 }))).toEqual([7]);
      expect(log.read({ since: 7, limit: 3 })).toEqual([]);
      expect(numbers(log.read({ limit: 3 }))).toEqual([5, 6, 7]);
    });

    it('filters by type and door, also by names that nobody would give', () => {
      const log = open();
      log.appendAll([
        eventDraft(),
        eventDraft({ type: 'access.denied', door: 'lobby' }),
        eventDraft({ type: 'access.denied', door: 'lab' }),
        eventDraft({ type: 'person.left' }),
      ]);
      expect(numbers(log.read({ since: 0, limit: 9, types: ['access.denied', 'person.left'] }))).toEqual([2, 3, 4]);
      expect(numbers(log.read({ since: 0, limit: 9, doors: ['lab'] }))).toEqual([3]);
      expect(numbers(log.read({ limit: 1, types: ['access.denied'], doors: ['lobby', 'lab'] }))).toEqual([3]);
      expect(log.read({ since: 0, limit: 9, doors: ["lab') OR 1=1 --"] })).toEqual([]);
      expect(log.read({ since: 0, limit: 9, types: [] })).toEqual([]);
    });

    it('says where to start again for a number that is no longer kept, or not yet given', () => {
      const log = open({ keep: { days: 90, count: 3 } });
      log.appendAll(upTo(10).map(() => eventDraft()));
      expect([log.oldestSequence, log.lastSequence]).toEqual([8, 10]);
      expect(numbers(log.read({ since: 7, limit: 9 }))).toEqual([8, 9, 10]);
      for (const since of [0, 6, 11]) {
        expect(() => log.read({ since, limit: 9 })).toThrow(
          expect.objectContaining({ code: 'EVENT_CURSOR_GONE', details: { oldest: 8, latest: 10 } }),
        );
      }
    });

    it.each([
      [{ since: -1, limit: 1 }, 'since must be 0 or the number of an event, got -1'],
      [{ since: Number.NaN, limit: 1 }, 'since must be 0 or the number of an event, got NaN'],
      [{ since: 0.5, limit: 1 }, 'since must be 0 or the number of an event, got 0.5'],
      [{ since: 0, limit: 0 }, 'limit must be between 1 and 10000, got 0'],
      [{ limit: 10_001 }, 'limit must be between 1 and 10000, got 10001'],
    ])('refuses %j', (options, message) => {
      expect(() => open().read(options)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID', message }));
    });
  });

  it('never gives a number twice, also when everything was deleted', async () => {
    const log = open();
    log.appendAll([eventDraft(), eventDraft()]);
    const other = new DatabaseSync(file);
    other.exec('DELETE FROM events');
    other.close();
    expect([log.lastSequence, log.oldestSequence]).toEqual([2, 3]);
    await log.close();
    expect(open().append(eventDraft()).sequence).toBe(3);
  });

  it('shares its numbers with a second process that has it open', () => {
    const one = open();
    const two = open();
    expect([one, two, one, two].map((log) => log.append(eventDraft()).sequence)).toEqual([1, 2, 3, 4]);
    expect([one.lastSequence, two.lastSequence]).toEqual([4, 4]);
  });

  it('says that it could not write, tells nobody, and goes on when it can again', () => {
    const log = open();
    const heard: number[] = [];
    log.events.subscribe((event) => heard.push(event.sequence));
    const other = new DatabaseSync(file);
    other.exec('ALTER TABLE events RENAME TO gone');
    expect(() => log.append(eventDraft())).toThrow(coded('EVENT_LOG_UNAVAILABLE'));
    expect(() => log.read({ since: 0, limit: 1 })).toThrow(coded('EVENT_LOG_UNAVAILABLE'));
    expect(heard).toEqual([]);
    other.exec('ALTER TABLE gone RENAME TO events');
    other.close();
    expect(log.append(eventDraft()).sequence).toBe(1);
    expect(heard).toEqual([1]);
  });

  it('closes twice, completes its subscribers, and then says that it is closed', async () => {
    const log = open();
    let completed = 0;
    log.events.subscribe({ complete: () => (completed += 1) });
    await Promise.all([log.close(), log.close()]);
    await log.close();
    expect(completed).toBe(1);
    for (const call of [
      () => log.append(eventDraft()),
      () => log.read({ limit: 1 }),
      () => log.lastSequence,
      () => log.oldestSequence,
    ]) {
      expect(call).toThrow(
        expect.objectContaining({ code: 'EVENT_LOG_UNAVAILABLE', message: expect.stringContaining('closed') }),
      );
    }
  });

  it('is readable by its owner only, and says which file is no event log', () => {
    open();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const path = join(folder, 'notes.txt');
    writeFileSync(path, 'This is not a database, and long enough to be seen as none. '.repeat(40));
    expect(() => open({ file: path })).toThrow(
      expect.objectContaining({ code: 'EVENT_LOG_UNAVAILABLE', message: expect.stringContaining(path) }),
    );
  });

  it('keeps how far each sink has got', async () => {
    const log = open();
    expect(log.cursor('hook')).toBeNull();
    log.advance('hook', 3);
    log.advance('file', 1);
    log.advance('hook', 7);
    await log.close();
    const again = open();
    expect(['hook', 'file', 'mqtt'].map((sink) => again.cursor(sink))).toEqual([7, 1, null]);
  });

  describe('prune', () => {
    const DAY = 86_400_000;
    const old = (days: number) => eventDraft({ decidedAtMs: clock.wallMs() - days * DAY });

    it('removes what is too old, a part at a time, and never one while an older one stays', () => {
      const log = open({ keep: { days: 30, count: 1000 } });
      log.appendAll([old(40), old(35), old(31), old(29), old(50), old(1)]);
      expect(log.prune(2, { byAge: false })).toBe(0);
      expect([log.prune(2, { byAge: true }), log.prune(2, { byAge: true }), log.prune(2, { byAge: true })]).toEqual([
        2, 1, 0,
      ]);
      expect(numbers(log.read({ since: 3, limit: 9 }))).toEqual([4, 5, 6]);
    });

    it('keeps so many, also after the number was made far smaller, little by little', async () => {
      const log = open();
      log.appendAll(upTo(500).map(() => eventDraft()));
      await log.close();
      const again = open({ keep: { days: 90, count: 10 } });
      again.append(eventDraft());
      expect(again.oldestSequence).toBe(34);
      let steps = 0;
      while (again.prune(100, { byAge: true }) > 0) steps += 1;
      expect([again.oldestSequence, again.lastSequence, steps]).toEqual([492, 501, 5]);
    });

    it('takes no more room than it may, and uses what became free again', () => {
      const bytes = 200_000;
      const log = open({ keep: { days: 90, count: 1_000_000, bytes } });
      for (let round = 0; round < 5; round += 1) {
        log.appendAll(upTo(400).map(() => eventDraft({ reason: 'x'.repeat(200) })));
        while (log.prune(64, { byAge: true }) > 0);
        expect(log.bytes).toBeLessThanOrEqual(bytes);
        expect(log.lastSequence - log.oldestSequence).toBeGreaterThan(100);
      }
      expect(statSync(file).size).toBeLessThan(4 * bytes);
    });

    it('is held to less for a while where its folder has no room: what goes makes room for what comes', () => {
      const log = open();
      const append = () => log.appendAll(upTo(400).map(() => eventDraft({ reason: 'x'.repeat(200) })));
      for (let round = 0; round < 5; round += 1) append();
      const size = () => statSync(file).size + (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0);
      log.holdTo(Math.floor(log.bytes * 0.9));
      const [full, oldest] = [size(), log.oldestSequence];
      for (let round = 0; round < 20; round += 1) {
        while (log.prune(64, { byAge: true }) > 0);
        log.appendAll([eventDraft({ reason: 'x'.repeat(200) })]);
      }
      expect(log.oldestSequence).toBeGreaterThan(oldest);
      expect(log.lastSequence).toBe(2020);
      expect(log.bytes).toBeLessThanOrEqual(full);
      log.holdTo(null);
      expect(log.prune(64, { byAge: true })).toBe(0);
    });
  });
});
