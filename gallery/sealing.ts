import type { StatementSync } from 'node:sqlite';
import { AppError } from '../config/app-error.ts';
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
  readonly #keyId: StatementSync;
  #key: GalleryKey | null = null;

  constructor(database: DatabaseFile, source: GalleryKeySource) {
    this.#database = database;
    this.#source = source;
    this.#keyId = database.prepare('SELECT key_id AS id FROM sealing');
  }

  /**
   * Finds the key, makes one where nothing is sealed yet, and seals what an earlier facegate left in clear.
   *
   * @throws {AppError} GALLERY_KEY_MISSING, GALLERY_KEY_WRONG, CONFIG_INVALID, GALLERY_UNAVAILABLE
   */
  begin(): SealingReport {
    const sealed = this.#named() === null ? this.#sealFirst() : 0;
    this.#find();
    this.endRotation();
    return { sealed, overwritten: this.#overwriteClearPages() };
  }

  /**
   * The key that the database names now. Call it within the transaction that seals or opens something.
   *
   * @throws {AppError} GALLERY_KEY_MISSING, GALLERY_KEY_WRONG, CONFIG_INVALID
   */
  current(): GalleryKey {
    const id = this.#named();
    if (id === null) throw new Error('nothing says under which key it is sealed');
    if (this.#key?.id !== id) this.#key = keyOf(id, this.#source).key;
    return this.#key;
  }

  /** Notes that everything is sealed under `key` now. In the transaction that did it. */
  changeTo(key: GalleryKey): void {
    this.#database.prepare('UPDATE sealing SET key_id = ?').run(key.id);
    this.#key = key;
  }

  /**
   * Puts the next key in its place where the database is sealed under it already.
   *
   * @returns false when that must wait for the next opening: the key is read from where it lies until then.
   */
  endRotation(): boolean {
    if (!this.#isNextInUse()) return true;
    try {
      this.#database.transaction('take its next key', 'write', () => {
        if (this.#isNextInUse()) installNextKey(this.#source.keyFile);
      });
      return true;
    } catch (error) {
      // Another process writes for long, or the folder can be read only.
      if (error instanceof AppError && error.code === 'GALLERY_UNAVAILABLE') return false;
      throw error;
    }
  }

  #isNextInUse(): boolean {
    const id = this.#named();
    return id !== null && this.#source.key === undefined && keyOf(id, this.#source).next;
  }

  /** The id of the key in the database; null while everything is in clear. */
  #named(): string | null {
    return this.#database.attempt('be read', () => {
      const row = this.#keyId.get();
      return row ? String(row.id) : null;
    });
  }

  #find(): void {
    const id = this.#named();
    try {
      this.current();
    } catch (error) {
      // A rotation may have ended between the look at the database and the look at the file.
      if (this.#named() === id) throw error;
      this.#find();
    }
  }

  #sealFirst(): number {
    return this.#database.transaction('be sealed', 'write', () => {
      // Another process may have been faster.
      if (this.#named() !== null) return 0;
      const key = firstKey(this.#source);
      const { templates } = resealRows(this.#database, { from: null, to: key });
      this.#database.prepare('INSERT INTO sealing VALUES (1, ?, ?)').run(key.id, templates > 0 ? 1 : 0);
      return templates;
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
