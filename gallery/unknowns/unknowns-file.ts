import { rmSync } from 'node:fs';
import type { StatementSync } from 'node:sqlite';
import { DatabaseFile, type Migration } from '../../storage/database-file.ts';
import type { SubjectGallery } from '../subject-gallery.ts';
import type { UnknownGroup } from './unknown-group.ts';
import { fromRecord, toRecord, type WhatTimeItIs } from './unknown-record.ts';

/** Only ever append. */
const MIGRATIONS: readonly Migration[] = [
  {
    name: 'unknowns',
    sql: 'CREATE TABLE unknowns (id TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;',
  },
];

export interface UnknownsFileOptions {
  file: string;
  gallery: Pick<SubjectGallery, 'seal' | 'unseal'>;
  /** Catalog name of the embedder; faces of another one are deleted. */
  model: string;
  width: number;
}

/**
 * Unknown people on disk, so that they outlive a restart: everything of a person in one blob, sealed under the gallery's key.
 * Whatever does not open (another key, another model, damage) is deleted: it would have been forgotten soon anyway.
 */
export class UnknownsFile {
  readonly #file: DatabaseFile;
  readonly #options: UnknownsFileOptions;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;

  /** @throws {AppError} GALLERY_UNAVAILABLE */
  constructor(options: UnknownsFileOptions) {
    this.#options = options;
    this.#file = new DatabaseFile({
      file: options.file,
      what: 'database of unknown people',
      code: 'GALLERY_UNAVAILABLE',
      migrations: MIGRATIONS,
      secureDelete: true,
    });
    this.#put = this.#file.prepare('INSERT OR REPLACE INTO unknowns (id, sealed) VALUES (?, ?)');
    this.#remove = this.#file.prepare('DELETE FROM unknowns WHERE id = ?');
  }

  /** Last seen last. @throws {AppError} GALLERY_UNAVAILABLE */
  read(now: WhatTimeItIs): UnknownGroup[] {
    const rows = this.#file.attempt('be read', () => this.#file.prepare('SELECT id, sealed FROM unknowns').all());
    const groups: UnknownGroup[] = [];
    const lost: string[] = [];
    for (const row of rows) {
      const id = String(row.id);
      const bytes = this.#options.gallery.unseal(row.sealed as Uint8Array, this.#context(id));
      const group = bytes && fromRecord(id, bytes, this.#options.width, now);
      bytes?.fill(0);
      if (group) groups.push(group);
      else lost.push(id);
    }
    if (lost.length > 0) this.write([], lost, now);
    return groups.sort((a, b) => a.lastSeenMs - b.lastSeenMs);
  }

  /** In one transaction. @throws {AppError} GALLERY_UNAVAILABLE */
  write(groups: readonly UnknownGroup[], gone: readonly string[], now: WhatTimeItIs): void {
    const rows = groups.map((group) => {
      const bytes = toRecord(group, now);
      const sealed = this.#options.gallery.seal(bytes, this.#context(group.id));
      bytes.fill(0);
      return { id: group.id, sealed };
    });
    this.#file.transaction('be written', 'write', () => {
      for (const id of gone) this.#remove.run(id);
      for (const { id, sealed } of rows) this.#put.run(id, sealed);
    });
    // Out of the WAL too.
    if (gone.length > 0) this.#file.checkpoint();
  }

  close(): void {
    this.#file.close();
  }

  #context(id: string): string {
    return ['unknown', this.#options.model, id].join('\n');
  }
}

/** Where they are no longer to be held on disk. */
export function removeUnknownsFile(file: string): void {
  for (const each of [file, `${file}-wal`, `${file}-shm`]) rmSync(each, { force: true });
}
