import type { StatementSync } from 'node:sqlite';
import { type Observable, Subject } from 'rxjs';
import { AppError } from '../config/app-error.ts';
import { type AccessEvent, DEFAULT_TENANT, type EventDraft } from '../pipeline/access-event.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import { uuidV7 } from '../pipeline/uuid-v7.ts';
import { DatabaseFile } from '../storage/database-file.ts';
import { EVENT_LOG_MIGRATIONS } from './event-log-migrations.ts';
import { type EventRow, eventOfRow } from './event-row.ts';
import { type EventFilter, EventSearch } from './event-search.ts';

/** How much of the log is kept: what is beyond any of these is removed, the oldest first. */
export interface EventKeep {
  days: number;
  /** The newest so many. */
  count: number;
  /** Room that the log takes inside its file, whose free room is used again. Default: no limit. */
  bytes?: number | undefined;
}

export interface EventLogOptions {
  /** The database; made, with its folder, when it is not there. */
  file: string;
  /** Whose events are appended. Default: whose the newest one is, for those who only help out (the command line). */
  tenant?: string | undefined;
  clock: Clock;
  log: Logger;
  /** How much is kept. Default: 90 days, of which 1,000,000 events. */
  keep?: EventKeep;
}

export interface ReadOptions extends EventFilter {
  /** The number of the last event that the reader has; 0 for all. */
  since?: number;
  /** Instead of `since`: the newest ones below this number. Without either: the newest there are. */
  before?: number;
  /** At most so many, 1 to 10,000. */
  limit: number;
}

export interface EventPage {
  /** Ascending, `replay: true`. */
  readonly events: AccessEvent[];
  /** What to give as `since` (reading upwards) or `before` (downwards) to read on: it is past what the filter left out. */
  readonly next: number;
  /** Whether there may be more in that direction: also after a page with nothing in it. */
  readonly more: boolean;
}

const MOST_AT_ONCE = 10_000;
const KEEP: EventKeep = { days: 90, count: 1_000_000 };
const DAY_MS = 86_400_000;
/** Old events that an append removes at most: a log that is to be far smaller becomes so little by little. */
const PRUNED_BY_APPEND = 32;
/** Numbers that a page with several filters looks through at most, so that one call takes milliseconds. */
const LOOKED_THROUGH = 10_000;
/** Milliseconds since 1970 that a Date can hold. */
const LAST_MOMENT_MS = 8.64e15;

/**
 * Opens the log of one tenant.
 *
 * @throws {AppError} EVENT_LOG_UNAVAILABLE
 */
export function openEventLog(options: EventLogOptions): EventLog {
  return new EventLog(options);
}

/**
 * Every event of a tenant, numbered from 1 without gaps. An event is on the disk before `append` returns and before any
 * subscriber of `events` hears of it, so whoever was told of it finds it again after a crash or power cut.
 */
export class EventLog implements AsyncDisposable {
  readonly #file: DatabaseFile;
  /** Whose events are appended. */
  readonly tenant: string;
  readonly #clock: Clock;
  readonly #keep: EventKeep;
  readonly #heard = new Subject<AccessEvent>();
  readonly #unheard: AccessEvent[] = [];
  #telling = false;
  #heldToBytes = Number.POSITIVE_INFINITY;
  readonly #insert: StatementSync;
  readonly #prune: StatementSync;
  readonly #head: StatementSync;
  readonly #room: StatementSync;
  readonly #last: StatementSync;
  readonly #oldest: StatementSync;
  readonly #named: StatementSync;
  readonly #cursor: StatementSync;
  readonly #advance: StatementSync;
  readonly #search: EventSearch;

  /** What is appended from now on, in order, after it is durable. Completes at `close`. */
  readonly events: Observable<AccessEvent> = this.#heard.asObservable();

  constructor({ file, tenant, clock, log, keep = KEEP }: EventLogOptions) {
    if (!Number.isInteger(keep.count) || keep.count < 1) {
      throw new AppError('CONFIG_INVALID', `keep.count must be 1 or more, got ${keep.count}`);
    }
    this.#clock = clock;
    this.#keep = keep;
    this.#file = new DatabaseFile({
      file,
      what: 'event log',
      code: 'EVENT_LOG_UNAVAILABLE',
      migrations: EVENT_LOG_MIGRATIONS,
    });
    const prepare = (sql: string) => this.#file.prepare(sql);
    this.#insert = prepare(
      `INSERT INTO events (id, type, tenant, door, camera, subject_id, subject_name, similarity, threshold, margin,
         quality, reason, frame_sequence, captured_at_ms, decided_at_ms, expires_at_ms, pictured)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#prune = prepare(
      'DELETE FROM events WHERE sequence IN (SELECT sequence FROM events WHERE sequence <= ? ORDER BY sequence LIMIT ?)',
    );
    this.#head = prepare('SELECT sequence, decided_at_ms FROM events ORDER BY sequence LIMIT ?');
    this.#room = prepare(
      `SELECT (page_count - freelist_count) * page_size AS bytes
       FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
    );
    this.#last = prepare("SELECT seq FROM sqlite_sequence WHERE name = 'events'");
    this.#oldest = prepare('SELECT min(sequence) AS sequence FROM events');
    this.#named = prepare('SELECT * FROM events WHERE id = ?');
    this.#cursor = prepare('SELECT sequence FROM cursors WHERE sink = ?');
    this.#advance = prepare(
      `INSERT INTO cursors (sink, sequence) VALUES (?, ?)
       ON CONFLICT (sink) DO UPDATE SET sequence = excluded.sequence`,
    );
    this.#search = new EventSearch(this.#file);
    this.tenant = tenant ?? this.#newestTenant();
    log.info({ last: this.lastSequence, oldest: this.oldestSequence }, 'event log opened');
  }

  /** Number of the newest event; 0 before the first. */
  get lastSequence(): number {
    return this.#file.attempt('be read', () => Number(this.#last.get()?.seq ?? 0));
  }

  /** Number of the oldest event that is kept; where none is, the number that the next one will have. */
  get oldestSequence(): number {
    return this.#file.transaction('be read', 'snapshot', () => this.#oldestSequence());
  }

  /**
   * Durable and numbered when it returns.
   *
   * @throws {AppError} EVENT_LOG_UNAVAILABLE: then it was not appended, and nobody hears of it.
   */
  append(draft: EventDraft): AccessEvent {
    const [event] = this.appendAll([draft]);
    return event as AccessEvent;
  }

  /** All of them or, when it throws, none; numbered one after the other. */
  appendAll(drafts: readonly EventDraft[]): AccessEvent[] {
    if (drafts.length === 0) return [];
    const events = this.#file.transaction('be written', 'write', () => {
      const appended = drafts.map((draft) => this.#write(draft));
      this.#prune.run((appended.at(-1)?.sequence ?? 0) - this.#keep.count, drafts.length + PRUNED_BY_APPEND);
      return appended;
    });
    this.#tell(events);
    return events;
  }

  /**
   * Events in ascending order, `replay: true`. Of several filters at once it looks through a part of the log and may find
   * nothing in it: then `page` says where to go on.
   *
   * @throws {AppError} EVENT_CURSOR_GONE, with `details.oldest` and `details.latest`, when events after `since` are no
   * longer kept, or `since` is a number that this log has not reached; REQUEST_INVALID; EVENT_LOG_UNAVAILABLE
   */
  read(options: ReadOptions): AccessEvent[] {
    return this.page(options).events;
  }

  /** As `read`, with where to go on. */
  page({ since, before, limit, ...filter }: ReadOptions): EventPage {
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST_AT_ONCE) {
      throw new AppError('REQUEST_INVALID', `limit must be between 1 and ${MOST_AT_ONCE}, got ${limit}`);
    }
    for (const [name, value] of Object.entries({ since, before })) {
      if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) continue;
      throw new AppError('REQUEST_INVALID', `${name} must be 0 or the number of an event, got ${value}`);
    }
    const most = EventSearch.lists(filter) > 1 ? LOOKED_THROUGH : Number.POSITIVE_INFINITY;
    return this.#file.transaction('be read', 'snapshot', () => {
      const latest = this.lastSequence;
      const oldest = this.#oldestSequence();
      if (since === undefined) {
        const end = Math.min(before ?? Number.POSITIVE_INFINITY, latest + 1);
        const start = Math.max(oldest, end - most);
        const rows = this.#search.rows({ ...filter, after: start - 1, before: end, from: 'newest', limit }).reverse();
        const next = rows.length < limit ? Math.min(start, end) : rows[0]!.sequence;
        return { events: rows.map(fromRow), next, more: next > oldest };
      }
      if (since > latest) {
        throw new AppError(
          'EVENT_CURSOR_GONE',
          `this log has no event ${since}: its newest is ${latest}; start again from ${oldest - 1}`,
          { details: { oldest, latest } },
        );
      }
      if (since < oldest - 1) {
        throw new AppError('EVENT_CURSOR_GONE', `events after ${since} are no longer kept; the oldest is ${oldest}`, {
          details: { oldest, latest },
        });
      }
      const end = Math.min(latest, since + most);
      const rows = this.#search.rows({ ...filter, after: since, before: end + 1, from: 'oldest', limit });
      const next = rows.length < limit ? end : rows.at(-1)!.sequence;
      return { events: rows.map(fromRow), next, more: next < latest };
    });
  }

  /**
   * Removes the oldest events that are beyond what is to be kept, `most` at once. An event is too old by its own time and those
   * before it: none is removed while an older one stays.
   *
   * @param o.byAge false while the wall clock is not to be believed.
   * @returns how many were removed; `most`: there may be more.
   */
  prune(most: number, o: { byAge: boolean }): number {
    return this.#file.transaction('be pruned', 'write', () => {
      const latest = this.lastSequence;
      const kept = latest - this.#oldestSequence() + 1;
      const { count, days } = this.#keep;
      const bytes = Math.min(this.#keep.bytes ?? Number.POSITIVE_INFINITY, this.#heldToBytes);
      const before = o.byAge ? this.#clock.wallMs() - days * DAY_MS : Number.NEGATIVE_INFINITY;
      const used = bytes === Number.POSITIVE_INFINITY ? 0 : this.bytes;
      const forRoom = used <= bytes ? 0 : Math.ceil((kept * (used - bytes)) / used);
      let last = 0;
      let removed = 0;
      for (const row of this.#head.all(most)) {
        const sequence = Number(row.sequence);
        if (sequence > latest - count && Number(row.decided_at_ms) >= before && removed >= forRoom) break;
        last = sequence;
        removed += 1;
      }
      if (removed > 0) this.#prune.run(last, removed);
      return removed;
    });
  }

  /** The event of that id, `replay: true`; null where it is not kept. */
  find(id: string): AccessEvent | null {
    const row = this.#file.attempt('be read', () => this.#named.get(id));
    return row === undefined ? null : fromRow(row as unknown as EventRow);
  }

  /**
   * Keeps the log within so much room from now on, though the settings allow more: what is removed makes room for what comes.
   * null: as the settings say.
   */
  holdTo(bytes: number | null): void {
    this.#heldToBytes = bytes ?? Number.POSITIVE_INFINITY;
  }

  /** Room that the log takes inside its file. */
  get bytes(): number {
    const row = this.#file.attempt('be read', () => this.#room.get());
    return Number(row?.bytes);
  }

  /** Number of the last event that a sink needs no more; null for a sink that was never here. */
  cursor(sink: string): number | null {
    const row = this.#file.attempt('be read', () => this.#cursor.get(sink));
    return row === undefined ? null : Number(row.sequence);
  }

  /** Durable when it returns. */
  advance(sink: string, sequence: number): void {
    this.#file.transaction('be written', 'write', () => this.#advance.run(sink, sequence));
  }

  /** Idempotent. What comes after it fails with EVENT_LOG_UNAVAILABLE. */
  async close(): Promise<void> {
    this.#heard.complete();
    this.#file.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #newestTenant(): string {
    const newest = this.#file.prepare('SELECT tenant FROM events ORDER BY sequence DESC LIMIT 1');
    return String(this.#file.attempt('be read', () => newest.get())?.tenant ?? DEFAULT_TENANT);
  }

  #oldestSequence(): number {
    return Number(this.#oldest.get()?.sequence ?? this.lastSequence + 1);
  }

  #write(draft: EventDraft): AccessEvent {
    const nowMs = Math.trunc(this.#clock.wallMs());
    const decidedAtMs = moment(draft.decidedAtMs) ?? nowMs;
    const expiresAtMs = moment(draft.expiresAtMs);
    if (draft.type === 'access.granted' && expiresAtMs === null) {
      throw new AppError('INTERNAL', `door ${draft.door} granted without saying until when`);
    }
    const capturedAtMs = moment(draft.capturedAtMs);
    const row = {
      id: uuidV7(nowMs),
      type: draft.type,
      tenant: this.tenant,
      door: draft.door,
      camera: draft.camera,
      subject_id: draft.subject?.id ?? null,
      subject_name: draft.subject?.name ?? null,
      similarity: finite(draft.similarity),
      threshold: finite(draft.threshold),
      margin: finite(draft.margin),
      quality: finite(draft.quality),
      reason: draft.reason,
      frame_sequence: Number.isSafeInteger(draft.frameSequence) ? draft.frameSequence : null,
      captured_at_ms: capturedAtMs,
      decided_at_ms: decidedAtMs,
      expires_at_ms: expiresAtMs,
      pictured: draft.pictured ? 1 : 0,
    };
    const { lastInsertRowid } = this.#insert.run(...Object.values(row));
    return eventOfRow({ ...row, sequence: Number(lastInsertRowid) }, false);
  }

  /** One at a time: an event appended while others are being told must not overtake them. */
  #tell(events: readonly AccessEvent[]): void {
    this.#unheard.push(...events);
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let event = this.#unheard.shift(); event; event = this.#unheard.shift()) this.#heard.next(event);
    } finally {
      this.#telling = false;
    }
  }
}

const fromRow = (row: EventRow): AccessEvent => eventOfRow(row, true);

function finite(value: number | null): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Whole milliseconds, earlier rather than later; null where `ms` is no moment. */
function moment(ms: number | null): number | null {
  return ms !== null && Math.abs(ms) <= LAST_MOMENT_MS ? Math.floor(ms) : null;
}
