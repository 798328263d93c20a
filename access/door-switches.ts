import type { StatementSync } from 'node:sqlite';
import { DatabaseFile, type Migration } from '../storage/database-file.ts';

/** Append only: a database that was written by an older facegate is brought up to date by what it lacks. */
const MIGRATIONS: readonly Migration[] = [
  {
    name: 'switches',
    sql: `CREATE TABLE switches (
        door TEXT PRIMARY KEY, active INTEGER NOT NULL CHECK (active IN (0, 1)), since_ms INTEGER NOT NULL,
        set_by TEXT NOT NULL, reason TEXT
      ) STRICT;
      CREATE TABLE unlocks (
        number INTEGER PRIMARY KEY AUTOINCREMENT, door TEXT NOT NULL, asked_by TEXT NOT NULL, reason TEXT,
        asked_at_ms INTEGER NOT NULL, answer TEXT
      ) STRICT`,
  },
];

/** How a door's lock-down switch was set last. */
export interface DoorSwitch {
  readonly active: boolean;
  /** Wall clock. */
  readonly sinceMs: number;
  readonly by: string;
  readonly reason: string | null;
}

/** Somebody at a command line asks the running facegate to open a door. */
export interface UnlockRequest {
  readonly number: number;
  readonly door: string;
  readonly by: string;
  readonly reason: string | null;
  readonly askedAtMs: number;
}

/** What is answered to one: the event's sequence, or why not. */
export type UnlockAnswer = { readonly sequence: number } | { readonly code: string; readonly message: string };

/** Whoever asks has gone long before. */
const FORGET_AFTER_MS = 60_000;

/**
 * The lock-down switches of all doors, on disk. Several processes may have it open: the command line sets switches under a
 * running facegate, which looks whether the file has changed.
 */
export class DoorSwitches {
  readonly #file: DatabaseFile;
  readonly #version: StatementSync;
  readonly #all: StatementSync;
  readonly #set: StatementSync;
  readonly #ask: StatementSync;
  readonly #asked: StatementSync;
  readonly #answer: StatementSync;
  readonly #answered: StatementSync;
  readonly #forget: StatementSync;

  /** @throws {AppError} DOOR_STATE_UNAVAILABLE, as do all its methods. */
  constructor(file: string) {
    this.#file = new DatabaseFile({
      file,
      what: 'door database',
      code: 'DOOR_STATE_UNAVAILABLE',
      migrations: MIGRATIONS,
    });
    try {
      const prepare = (sql: string) => this.#file.prepare(sql);
      this.#version = prepare('PRAGMA data_version');
      this.#all = prepare('SELECT * FROM switches');
      this.#set = prepare('INSERT OR REPLACE INTO switches VALUES (?, ?, ?, ?, ?)');
      this.#ask = prepare('INSERT INTO unlocks (door, asked_by, reason, asked_at_ms) VALUES (?, ?, ?, ?)');
      this.#asked = prepare('SELECT * FROM unlocks WHERE answer IS NULL ORDER BY number');
      this.#answer = prepare('UPDATE unlocks SET answer = ? WHERE number = ?');
      this.#answered = prepare('SELECT answer FROM unlocks WHERE number = ?');
      this.#forget = prepare('DELETE FROM unlocks WHERE asked_at_ms < ?');
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  /** Changes whenever another process wrote. */
  get version(): number {
    return this.#file.attempt('be read', () => Number(this.#version.get()?.data_version));
  }

  /** By door; of those that were ever set. */
  all(): Map<string, DoorSwitch> {
    return this.#file.attempt('be read', () => {
      const rows = this.#all.all() as {
        door: string;
        active: number;
        since_ms: number;
        set_by: string;
        reason: string;
      }[];
      return new Map(
        rows.map(({ door, active, since_ms: sinceMs, set_by: by, reason }) => [
          door,
          { active: active !== 0, sinceMs, by, reason },
        ]),
      );
    });
  }

  /** On disk when it returns. */
  set(door: string, { active, sinceMs, by, reason }: DoorSwitch): void {
    this.#file.attempt('be written', () => this.#set.run(door, active ? 1 : 0, Math.trunc(sinceMs), by, reason));
  }

  /** @returns the request's number. */
  askToUnlock({ door, by, reason, askedAtMs }: Omit<UnlockRequest, 'number'>): number {
    return this.#file.attempt('be written', () => {
      this.#forget.run(Math.trunc(askedAtMs) - FORGET_AFTER_MS);
      return Number(this.#ask.run(door, by, reason, Math.trunc(askedAtMs)).lastInsertRowid);
    });
  }

  unlocksAsked(): UnlockRequest[] {
    return this.#file.attempt('be read', () => {
      const rows = this.#asked.all() as {
        number: number;
        door: string;
        asked_by: string;
        reason: string | null;
        asked_at_ms: number;
      }[];
      return rows.map(({ number, door, asked_by: by, reason, asked_at_ms: askedAtMs }) => ({
        number,
        door,
        by,
        reason,
        askedAtMs,
      }));
    });
  }

  answerUnlock(number: number, answer: UnlockAnswer): void {
    this.#file.attempt('be written', () => this.#answer.run(JSON.stringify(answer), number));
  }

  unlockAnswer(number: number): UnlockAnswer | null {
    return this.#file.attempt('be read', () => {
      const answer = this.#answered.get(number)?.answer;
      return typeof answer === 'string' ? (JSON.parse(answer) as UnlockAnswer) : null;
    });
  }

  /** Idempotent. */
  close(): void {
    this.#file.close();
  }
}
