import type { StatementSync } from 'node:sqlite';
import type { DatabaseFile } from '../storage/database-file.ts';
import { firstKey, type GalleryKey, type GalleryKeySource, installNextKey, keyOf } from './gallery-seal.ts';
import { resealRows } from './reseal-rows.ts';

/** What `Sealing.begin` found and did. */
export interface SealingReport {
  /** Templates that lay in clear and are sealed now. */
  readonly sealed: number;
  /** Where something lay in clear before has been overwritten; false when another process was in the way. */
  readonly overwritten: boolean;
}

/**
 * Under which key a gallery is sealed. The database names its key, so that a wrong one is told before anything else, and
 * one that another process changed is followed.
 */
export class Sealing {
  readonly #database: DatabaseFile;
  readonly #source: GalleryKeySource;
  readonly #named: StatementSync;
  #key: GalleryKey | null = null;

  constructor(database: DatabaseFile, source: GalleryKeySource) {
    this.#database = database;
    this.#source = source;
    this.#named = database.prepare('SELECT key_id AS id FROM sealing');
  }

  /**
   * Finds the key, makes one where nothing is sealed yet, and seals what an earlier facegate left in clear.
   *
   * @throws {AppError} GALLERY_KEY_MISSING, GALLERY_KEY_WRONG, CONFIG_INVALID, GALLERY_UNAVAILABLE
   */
  begin(): SealingReport {
    const sealed = this.#isSealed() ? 0 : this.#database.transaction('be sealed', 'write', () => this.#sealFirst());
    const key = this.current();
    this.#endRotation(key.id);
    return { sealed, overwritten: this.#overwriteClearPages() };
  }

  /**
   * The key that the database names now. Call it within the transaction that seals or opens something.
   *
   * @throws {AppError} GALLERY_KEY_MISSING, GALLERY_KEY_WRONG, CONFIG_INVALID
   */
  current(): GalleryKey {
    const id = this.#keyId();
    if (id === null) throw new Error('nothing says under which key it is sealed');
    if (this.#key?.id !== id) this.#key = keyOf(id, this.#source).key;
    return this.#key;
  }

  /** Notes that everything is sealed under `key` now. In the transaction that did it. */
  changeTo(key: GalleryKey): void {
    this.#database.prepare('UPDATE sealing SET key_id = ?').run(key.id);
    this.#key = key;
  }

  #keyId(): string | null {
    const row = this.#named.get();
    return row ? String(row.id) : null;
  }

  #isSealed(): boolean {
    return this.#database.attempt('be read', () => this.#keyId() !== null && !this.#mayBegin());
  }

  /** Another key than the one that is named may be taken while nothing is sealed under it. */
  #mayBegin(): boolean {
    const holds = (table: string, where = '1') =>
      this.#database.prepare(`SELECT 1 FROM ${table} WHERE ${where} LIMIT 1`).get() !== undefined;
    return !holds('templates') && !holds('images') && !holds('subjects', 'sealed IS NOT NULL');
  }

  #sealFirst(): number {
    const id = this.#keyId();
    if (id !== null) {
      // Another process was faster, or it was sealed and is empty.
      if (!this.#mayBegin()) return 0;
      const key = firstKey(this.#source);
      if (key.id !== id) this.changeTo(key);
      return 0;
    }
    const key = firstKey(this.#source);
    const { templates } = resealRows(this.#database, { from: null, to: key });
    this.#database.prepare('INSERT INTO sealing VALUES (1, ?, ?)').run(key.id, templates > 0 ? 1 : 0);
    return templates;
  }

  #endRotation(id: string): void {
    if (this.#source.key !== undefined || !keyOf(id, this.#source).next) return;
    this.#database.transaction('take its next key', 'write', () => {
      const now = this.#keyId();
      if (now !== null && keyOf(now, this.#source).next) installNextKey(this.#source.keyFile);
    });
  }

  #overwriteClearPages(): boolean {
    const row = this.#database.attempt('be read', () =>
      this.#database.prepare('SELECT clear_pages AS clear FROM sealing').get(),
    );
    if (row?.clear !== 1) return true;
    if (!this.#database.rewrite() || !this.#database.checkpoint()) return false;
    this.#database.attempt('be sealed', () => this.#database.prepare('UPDATE sealing SET clear_pages = 0').run());
    return true;
  }
}
