import type { StatementSync } from 'node:sqlite';
import { type Observable, Subject } from 'rxjs';
import { AppError } from '../config/app-error.ts';
import type { AccessEvent, AccessEventType, EventDraft } from '../pipeline/access-event.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import { uuidV7 } from '../pipeline/uuid-v7.ts';
import { DatabaseFile } from '../storage/database-file.ts';
import { EVENT_LOG_MIGRATIONS } from './event-log-migrations.ts';

export interface EventLogOptions {
  /** The database; made, with its folder, when it is not there. */
  file: string;
  tenant: string;
  clock: Clock;
  log: Logger;
  /** The newest so many events are kept. Default 1,000,000. */
  keep?: number;
}

export interface ReadOptions {
  /** The number of the last event that the reader has; 0 for all. Without it: the newest `limit`. */
  since?: number;
  /** At most so many, 1 to 10,000. */
  limit: number;
  types?: readonly AccessEventType[];
  /** Events of these doors only; leaves out those of no door. */
  doors?: readonly string[];
}

const MOST_AT_ONCE = 10_000;
const KEEP = 1_000_000;
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
  readonly #tenant: string;
  readonly #clock: Clock;
  readonly #keep: number;
  readonly #heard = new Subject<AccessEvent>();
  readonly #unheard: AccessEvent[] = [];
  #telling = false;
  readonly #insert: StatementSync;
  readonly #prune: StatementSync;
  readonly #last: StatementSync;
  readonly #oldest: StatementSync;
  readonly #since: StatementSync;
  readonly #newest: StatementSync;

  /** What is appended from now on, in order, after it is durable. Completes at `close`. */
  readonly events: Observable<AccessEvent> = this.#heard.asObservable();

  constructor({ file, tenant, clock, log, keep = KEEP }: EventLogOptions) {
    if (!Number.isInteger(keep) || keep < 1)
      throw new AppError('CONFIG_INVALID', `keep must be 1 or more, got ${keep}`);
    this.#tenant = tenant;
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
         quality, reason, frame_sequence, captured_at_ms, decided_at_ms, expires_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#prune = prepare('DELETE FROM events WHERE sequence <= ?');
    this.#last = prepare("SELECT seq FROM sqlite_sequence WHERE name = 'events'");
    this.#oldest = prepare('SELECT min(sequence) AS sequence FROM events');
    const filter = `(:types IS NULL OR type IN (SELECT value FROM json_each(:types)))
      AND (:doors IS NULL OR door IN (SELECT value FROM json_each(:doors)))`;
    this.#since = prepare(`SELECT * FROM events WHERE sequence > :since AND ${filter} ORDER BY sequence LIMIT :limit`);
    this.#newest = prepare(`SELECT * FROM events WHERE ${filter} ORDER BY sequence DESC LIMIT :limit`);
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
      this.#prune.run((appended.at(-1)?.sequence ?? 0) - this.#keep);
      return appended;
    });
    this.#tell(events);
    return events;
  }

  /**
   * Events in ascending order, `replay: true`.
   *
   * @throws {AppError} EVENT_CURSOR_GONE, with `details.oldest` and `details.latest`, when events after `since` are no
   * longer kept, or `since` is a number that this log has not reached; REQUEST_INVALID; EVENT_LOG_UNAVAILABLE
   */
  read({ since, limit, types, doors }: ReadOptions): AccessEvent[] {
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST_AT_ONCE) {
      throw new AppError('REQUEST_INVALID', `limit must be between 1 and ${MOST_AT_ONCE}, got ${limit}`);
    }
    if (since !== undefined && (!Number.isSafeInteger(since) || since < 0)) {
      throw new AppError('REQUEST_INVALID', `since must be 0 or the number of an event, got ${since}`);
    }
    const filter = { types: types ? JSON.stringify(types) : null, doors: doors ? JSON.stringify(doors) : null };
    return this.#file.transaction('be read', 'snapshot', () => {
      if (since === undefined)
        return this.#newest
          .all({ ...filter, limit })
          .reverse()
          .map(fromRow);
      const latest = this.lastSequence;
      const oldest = this.#oldestSequence();
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
      return this.#since.all({ ...filter, since, limit }).map(fromRow);
    });
  }

  /** Idempotent. What comes after it fails with EVENT_LOG_UNAVAILABLE. */
  async close(): Promise<void> {
    this.#heard.complete();
    this.#file.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
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
      tenant: this.#tenant,
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
    };
    const { lastInsertRowid } = this.#insert.run(...Object.values(row));
    return toEvent({ ...row, sequence: Number(lastInsertRowid) }, false);
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

interface EventRow {
  readonly sequence: number;
  readonly id: string;
  readonly type: AccessEventType;
  readonly tenant: string;
  readonly door: string | null;
  readonly camera: string | null;
  readonly subject_id: string | null;
  readonly subject_name: string | null;
  readonly similarity: number | null;
  readonly threshold: number | null;
  readonly margin: number | null;
  readonly quality: number | null;
  readonly reason: string | null;
  readonly frame_sequence: number | null;
  readonly captured_at_ms: number | null;
  readonly decided_at_ms: number;
  readonly expires_at_ms: number | null;
}

const fromRow = (row: unknown): AccessEvent => toEvent(row as EventRow, true);

/** The fields in the order of SHAPES.md §1. Frozen, because every subscriber gets the same one. */
function toEvent(row: EventRow, replay: boolean): AccessEvent {
  return Object.freeze({
    id: row.id,
    sequence: row.sequence,
    type: row.type,
    tenant: row.tenant,
    door: row.door,
    camera: row.camera,
    subject: row.subject_id === null ? null : { id: row.subject_id, name: row.subject_name ?? '' },
    similarity: row.similarity,
    threshold: row.threshold,
    margin: row.margin,
    quality: row.quality,
    reason: row.reason,
    frameSequence: row.frame_sequence,
    capturedAt: iso(row.captured_at_ms),
    decidedAt: new Date(row.decided_at_ms).toISOString(),
    expiresAt: iso(row.expires_at_ms),
    replay,
  });
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function finite(value: number | null): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Whole milliseconds, earlier rather than later; null where `ms` is no moment. */
function moment(ms: number | null): number | null {
  return ms !== null && Math.abs(ms) <= LAST_MOMENT_MS ? Math.floor(ms) : null;
}
