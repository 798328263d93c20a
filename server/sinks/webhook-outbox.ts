import type { StatementSync } from 'node:sqlite';
import { Subject } from 'rxjs';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import type { Clock, Logger } from '../../pipeline/ports.ts';
import type { DeadLetter, EndpointState, Letter, Outbox, Outcome } from '../../sinks/webhook/outbox.ts';
import { DatabaseFile } from '../../storage/database-file.ts';
import { OUTBOX_MIGRATIONS } from './outbox-migrations.ts';

/** How soon it is noticed what the command line did. */
const LOOK_EVERY_MS = 1000;
/** How long dead letters are kept: they hold names. */
const KEEP_DEAD_MS = 30 * 86_400_000;
const MOST_DEAD = 100_000;
const PRUNE_EVERY_MS = 3_600_000;

export interface WebhookOutboxOptions {
  file: string;
  clock: Pick<Clock, 'wallMs'>;
  log: Logger;
}

/**
 * The outbox of all webhooks in one SQLite file: `webhooks.db` of the data folder. What is delivered is overwritten with zeros.
 * The command line may have it open beside the server.
 */
export class WebhookOutbox implements Outbox {
  readonly #file: DatabaseFile;
  readonly #heard = new Subject<void>();
  readonly changes = this.#heard.asObservable();
  readonly #version: StatementSync;
  readonly #insert: StatementSync;
  readonly #nextNew: StatementSync;
  readonly #due: StatementSync;
  readonly #nextDue: StatementSync;
  readonly #delete: StatementSync;
  readonly #later: StatementSync;
  readonly #bury: StatementSync;
  readonly #counts: StatementSync;
  readonly #dead: StatementSync;
  readonly #resendAll: StatementSync;
  readonly #resendThese: StatementSync;
  readonly #pruneOld: StatementSync;
  /** Of all sinks together: the disk is one. */
  readonly #pruneMany: StatementSync;
  readonly #endpoint: StatementSync;
  readonly #putEndpoint: StatementSync;
  readonly #setDisabled: StatementSync;
  readonly #watching: NodeJS.Timeout;
  readonly #o: WebhookOutboxOptions;
  #seen: number;
  #prunedAtMs = 0;

  /** @throws {AppError} SINK_STORE_UNAVAILABLE */
  constructor(o: WebhookOutboxOptions) {
    this.#o = o;
    this.#file = new DatabaseFile({
      file: o.file,
      what: 'outbox of the webhooks',
      code: 'SINK_STORE_UNAVAILABLE',
      migrations: OUTBOX_MIGRATIONS,
      secureDelete: true,
    });
    const prepare = (sql: string) => this.#file.prepare(sql);
    this.#version = prepare('PRAGMA data_version');
    this.#insert = prepare(
      'INSERT INTO letters (sink, event_id, event) VALUES (?, ?, ?) ON CONFLICT (sink, event_id) DO NOTHING',
    );
    const letter = 'SELECT number, event, attempts FROM letters WHERE sink = :sink AND dead_at_ms IS NULL';
    this.#nextNew = prepare(`${letter} AND due_at_ms = 0 AND number > :number ORDER BY number LIMIT 1`);
    this.#due = prepare(
      `${letter} AND due_at_ms > 0 AND (due_at_ms <= :now OR due_at_ms > :latest) ORDER BY due_at_ms LIMIT :limit`,
    );
    this.#nextDue = prepare(
      'SELECT min(due_at_ms) AS due FROM letters WHERE sink = ? AND dead_at_ms IS NULL AND due_at_ms > ?',
    );
    this.#delete = prepare('DELETE FROM letters WHERE number = ?');
    this.#later = prepare('UPDATE letters SET attempts = attempts + 1, due_at_ms = ?, error = ? WHERE number = ?');
    this.#bury = prepare('UPDATE letters SET attempts = attempts + 1, dead_at_ms = ?, error = ? WHERE number = ?');
    this.#counts = prepare(
      `SELECT (SELECT count(*) FROM letters WHERE sink = :sink AND dead_at_ms IS NULL) AS waiting,
              (SELECT count(*) FROM letters WHERE sink = :sink AND dead_at_ms IS NOT NULL) AS dead`,
    );
    this.#dead = prepare(
      `SELECT event, attempts, dead_at_ms, error FROM letters WHERE sink = ? AND dead_at_ms IS NOT NULL
       ORDER BY dead_at_ms DESC, number DESC LIMIT ?`,
    );
    const resend =
      'UPDATE letters SET attempts = 0, due_at_ms = :now, dead_at_ms = NULL WHERE sink = :sink AND dead_at_ms IS NOT NULL';
    this.#resendAll = prepare(resend);
    this.#resendThese = prepare(`${resend} AND event_id IN (SELECT value FROM json_each(:ids))`);
    this.#pruneOld = prepare('DELETE FROM letters WHERE dead_at_ms < ?');
    this.#pruneMany = prepare(
      `DELETE FROM letters WHERE number IN (SELECT number FROM letters WHERE dead_at_ms IS NOT NULL
       ORDER BY dead_at_ms DESC, number DESC LIMIT -1 OFFSET ${MOST_DEAD})`,
    );
    this.#endpoint = prepare('SELECT fingerprint, disabled_at_ms, reason FROM endpoints WHERE sink = ?');
    this.#putEndpoint = prepare(
      `INSERT INTO endpoints (sink, fingerprint) VALUES (?, ?)
       ON CONFLICT (sink) DO UPDATE SET fingerprint = excluded.fingerprint, disabled_at_ms = NULL, reason = NULL`,
    );
    this.#setDisabled = prepare('UPDATE endpoints SET disabled_at_ms = ?, reason = ? WHERE sink = ?');
    this.#seen = this.#versionNow();
    this.#watching = setInterval(() => this.#lookForChanges(), LOOK_EVERY_MS);
    this.#watching.unref();
  }

  take(sink: string, events: readonly AccessEvent[]): Letter[] {
    return this.#file.transaction('be written', 'write', () =>
      events.flatMap((event): Letter[] => {
        const { changes, lastInsertRowid } = this.#insert.run(sink, event.id, JSON.stringify(event));
        return changes === 0 ? [] : [{ number: Number(lastInsertRowid), event, attempts: 0 }];
      }),
    );
  }

  nextNew(sink: string, number: number): Letter | null {
    return this.#read(() => {
      const row = this.#nextNew.get({ sink, number });
      return row ? letterOf(row) : null;
    });
  }

  due(sink: string, o: { nowMs: number; latestMs: number; limit: number }): Letter[] {
    const { nowMs, latestMs, limit } = o;
    return this.#read(() => this.#due.all({ sink, now: whole(nowMs), latest: whole(latestMs), limit }).map(letterOf));
  }

  nextDueAtMs(sink: string, nowMs: number): number | null {
    return this.#read(() => (this.#nextDue.get(sink, whole(nowMs))?.due as number | null | undefined) ?? null);
  }

  settle(outcomes: readonly Outcome[]): void {
    this.#file.transaction('be written', 'write', () => {
      for (const outcome of outcomes) {
        const { number } = outcome;
        if (outcome.kind === 'delivered') this.#delete.run(number);
        else if (outcome.kind === 'later') this.#later.run(whole(outcome.dueAtMs), outcome.error, number);
        else this.#bury.run(whole(outcome.deadAtMs), outcome.error, number);
      }
    });
  }

  counts(sink: string): { waiting: number; dead: number } {
    return this.#read(() => {
      const row = this.#counts.get({ sink });
      return { waiting: Number(row?.waiting), dead: Number(row?.dead) };
    });
  }

  dead(sink: string, { limit }: { limit: number }): DeadLetter[] {
    return this.#read(() => this.#dead.all(sink, limit).map(deadLetterOf));
  }

  resend(sink: string, ids: readonly string[] | 'all', nowMs: number): number {
    return this.#file.transaction('be written', 'write', () => {
      const now = whole(nowMs);
      const { changes } =
        ids === 'all'
          ? this.#resendAll.run({ sink, now })
          : this.#resendThese.run({ sink, now, ids: JSON.stringify(ids) });
      return Number(changes);
    });
  }

  open(sink: string, fingerprint: string): EndpointState {
    return this.#file.transaction('be written', 'write', () => {
      if (this.#endpoint.get(sink)?.fingerprint !== fingerprint) this.#putEndpoint.run(sink, fingerprint);
      return stateOf(this.#endpoint.get(sink));
    });
  }

  endpoint(sink: string): EndpointState {
    return this.#read(() => stateOf(this.#endpoint.get(sink)));
  }

  disable(sink: string, reason: string, nowMs: number): void {
    this.#file.attempt('be written', () => this.#setDisabled.run(whole(nowMs), reason, sink));
  }

  enable(sink: string): boolean {
    return this.#file.transaction('be written', 'write', () => {
      const { disabledAtMs } = stateOf(this.#endpoint.get(sink));
      this.#setDisabled.run(null, null, sink);
      return disabledAtMs !== null;
    });
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#watching);
    this.#heard.complete();
    this.#file.close();
  }

  #lookForChanges(): void {
    try {
      this.#prune();
      const version = this.#versionNow();
      if (version === this.#seen) return;
      this.#seen = version;
    } catch {
      // Whoever sends or is asked next meets the same trouble, and says so.
      return;
    }
    this.#heard.next();
  }

  #prune(): void {
    const nowMs = this.#o.clock.wallMs();
    if (Math.abs(nowMs - this.#prunedAtMs) < PRUNE_EVERY_MS) return;
    this.#prunedAtMs = nowMs;
    const { old, many } = this.#file.transaction('be written', 'write', () => ({
      old: Number(this.#pruneOld.run(whole(nowMs - KEEP_DEAD_MS)).changes),
      many: Number(this.#pruneMany.run().changes),
    }));
    if (old + many === 0) return;
    this.#o.log.warn({ old, many }, 'webhooks: dead letters of more than 30 days, or beyond 100,000, are deleted');
  }

  #read<T>(work: () => T): T {
    return this.#file.attempt('be read', work);
  }

  #versionNow(): number {
    return this.#read(() => Number(this.#version.get()?.data_version));
  }
}

/** The database refuses fractions of a millisecond. */
const whole = (ms: number): number => Math.trunc(ms);

function letterOf(row: Record<string, unknown>): Letter {
  const { number, event, attempts } = row as { number: number; event: string; attempts: number };
  return { number, event: JSON.parse(event) as AccessEvent, attempts };
}

function deadLetterOf(row: Record<string, unknown>): DeadLetter {
  const { event, attempts, dead_at_ms, error } = row as {
    event: string;
    attempts: number;
    dead_at_ms: number;
    error: string | null;
  };
  return { event: JSON.parse(event) as AccessEvent, attempts, deadAtMs: dead_at_ms, error: error ?? '' };
}

function stateOf(row: Record<string, unknown> | undefined): EndpointState {
  const { disabled_at_ms, reason } = (row ?? {}) as { disabled_at_ms?: number | null; reason?: string | null };
  return { disabledAtMs: disabled_at_ms ?? null, reason: reason ?? null };
}
