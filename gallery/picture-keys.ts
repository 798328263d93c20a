import { randomBytes } from 'node:crypto';
import type { StatementSync } from 'node:sqlite';
import type { DatabaseFile } from '../storage/database-file.ts';
import { KEY_BYTES } from '../storage/sealed-bytes.ts';
import { CONTEXT, seal, unseal } from './gallery-seal.ts';
import type { Sealing } from './sealing.ts';

/** What pictures of events are sealed under. */
export interface PictureKey {
  /** 8 hex digits, random: they tell nothing of the key. */
  readonly id: string;
  /** 32 bytes. Look, and do not keep. */
  readonly bytes: Uint8Array;
}

const ID_BYTES = 4;

/**
 * The keys of the pictures of events: random ones, each sealed under the gallery's key and kept in its database, so that a
 * change of that key seals a few rows anew and no picture. After such a change new pictures get a new key, which whoever had
 * the old gallery key never saw; an older key goes with the last picture that needs it.
 */
export class PictureKeys {
  readonly #database: DatabaseFile;
  readonly #sealing: Sealing;
  readonly #newest: StatementSync;
  readonly #named: StatementSync;
  readonly #all: StatementSync;
  readonly #add: StatementSync;
  readonly #remove: StatementSync;
  readonly #removeUnder: StatementSync;
  /** Opened ones, by id. */
  readonly #known = new Map<string, Uint8Array>();

  constructor(database: DatabaseFile, sealing: Sealing) {
    this.#database = database;
    this.#sealing = sealing;
    this.#newest = database.prepare('SELECT id, sealed FROM picture_keys WHERE made_under = ?');
    this.#named = database.prepare('SELECT id, sealed FROM picture_keys WHERE id = ?');
    this.#all = database.prepare('SELECT id, made_under AS madeUnder FROM picture_keys');
    this.#add = database.prepare('INSERT INTO picture_keys (id, made_under, sealed) VALUES (?, ?, ?)');
    this.#remove = database.prepare('DELETE FROM picture_keys WHERE id = ?');
    this.#removeUnder = database.prepare('DELETE FROM picture_keys WHERE made_under = ?');
  }

  /**
   * The one for new pictures; made where the gallery's present key has none yet.
   *
   * @throws {AppError} GALLERY_UNAVAILABLE, GALLERY_KEY_MISSING, GALLERY_KEY_WRONG
   */
  current(): PictureKey {
    const found = this.#database.transaction('be read', 'snapshot', () => this.#ofPresentKey());
    return found ?? this.#database.transaction('take a key', 'write', () => this.#ofPresentKey() ?? this.#make());
  }

  /** Null where there is none of that id, or it does not open. @throws {AppError} as `current` */
  named(id: string): PictureKey | null {
    const known = this.#known.get(id);
    if (known) return { id, bytes: known };
    return this.#database.transaction('be read', 'snapshot', () => this.#opened(this.#named.get(id)));
  }

  /** Removes those that no picture needs any more; the one for new pictures stays. @throws {AppError} as `current` */
  forgetAllBut(used: ReadonlySet<string>): void {
    const present = () => this.#sealing.current().id;
    const isUnneeded = ({ id, madeUnder }: Record<string, unknown>) => madeUnder !== present() && !used.has(String(id));
    const unneeded = this.#database.transaction('be read', 'snapshot', () => this.#all.all().filter(isUnneeded));
    if (unneeded.length === 0) return;
    this.#database.transaction('lose a key', 'write', () => {
      for (const { id } of unneeded) this.#remove.run(String(id));
    });
    for (const { id } of unneeded) {
      this.#known.get(String(id))?.fill(0);
      this.#known.delete(String(id));
    }
    // Out of the WAL too.
    this.#database.checkpoint({ waitMs: 0 });
  }

  #ofPresentKey(): PictureKey | null {
    return this.#opened(this.#newest.get(this.#sealing.current().id));
  }

  #opened(row: Record<string, unknown> | undefined): PictureKey | null {
    if (row === undefined) return null;
    const id = String(row.id);
    const bytes =
      this.#known.get(id) ?? unseal(this.#sealing.current(), row.sealed as Uint8Array, CONTEXT.pictureKey({ id }));
    if (bytes === null) return null;
    this.#known.set(id, bytes);
    return { id, bytes };
  }

  #make(): PictureKey {
    const key = { id: randomBytes(ID_BYTES).toString('hex'), bytes: randomBytes(KEY_BYTES) };
    const galleryKey = this.#sealing.current();
    // One that is there does not open, or it would be used.
    this.#removeUnder.run(galleryKey.id);
    this.#add.run(key.id, galleryKey.id, seal(galleryKey, key.bytes, CONTEXT.pictureKey(key)));
    this.#known.set(key.id, key.bytes);
    return key;
  }
}
