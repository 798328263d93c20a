import { existsSync } from 'node:fs';
import { AppError } from '../config/app-error.ts';
import { keyFromBase64, makeKeyFile } from '../storage/key-file.ts';
import { openGalleryFile } from './gallery-file.ts';
import { type GalleryKey, type GalleryKeySource, galleryKey, prepareNextKey } from './gallery-seal.ts';
import { type Resealed, resealRows } from './reseal-rows.ts';
import { Sealing } from './sealing.ts';

export interface RotateKeyOptions extends GalleryKeySource {
  /** The database. */
  file: string;
  /** Base64 of 32 bytes: the key to go over to, where `key` gives the present one. */
  nextKey?: string | undefined;
  /** A file for the old key, for the backups that were made under it; must not be there. Default: it is gone. */
  oldKeyFile?: string | undefined;
}

export interface RotatedKey extends Resealed {
  /** The first digits of the keys' names, which tell nothing of them. */
  readonly from: string;
  readonly to: string;
  /** The WAL still holds what was sealed under the old key: another process was in the way. */
  readonly walEmptied: boolean;
}

/**
 * Seals the whole gallery under another key, in one transaction: cut off at any moment, it is the old key or the new one
 * that opens everything. The new key lies beside the old one before anything is sealed under it, and takes its place after;
 * where that is cut off, the next opening does it. A running facegate follows by itself where the key comes from the file.
 *
 * @throws {AppError} GALLERY_UNAVAILABLE when there is no gallery, something in it does not open under the present key, or
 * it is being written to for longer than can be waited; GALLERY_KEY_MISSING, GALLERY_KEY_WRONG, CONFIG_INVALID
 */
export function rotateGalleryKey(options: RotateKeyOptions): RotatedKey {
  const { file, key, keyFile, oldKeyFile } = options;
  if (!existsSync(file)) throw new AppError('GALLERY_UNAVAILABLE', `there is no gallery ${file}`);
  const given = givenNextKey(options);
  const database = openGalleryFile(file);
  try {
    const sealing = new Sealing(database, { key, keyFile });
    sealing.begin();
    const rotated = database.transaction('be sealed anew', 'write', () => {
      const from = sealing.current();
      if (oldKeyFile !== undefined) makeKeyFile(oldKeyFile, from.bytes);
      const to = given ?? prepareNextKey(keyFile);
      const resealed = resealRows(database, { from, to });
      if (resealed.damaged.length > 0) throw damaged(resealed.damaged);
      sealing.changeTo(to);
      return { ...resealed, from: from.id.slice(0, 8), to: to.id.slice(0, 8) };
    });
    sealing.endRotation();
    return { ...rotated, walEmptied: database.checkpoint() };
  } finally {
    database.close();
  }
}

function givenNextKey({ key, nextKey }: RotateKeyOptions): GalleryKey | null {
  if ((key === undefined) !== (nextKey === undefined)) {
    throw new AppError(
      'CONFIG_INVALID',
      key === undefined
        ? 'the gallery has its key from a file, so its next one is made there: unset FACEGATE_GALLERY_KEY_NEXT'
        : 'the gallery has its key from FACEGATE_GALLERY_KEY: set FACEGATE_GALLERY_KEY_NEXT to the next one (openssl rand -base64 32)',
    );
  }
  if (nextKey === undefined) return null;
  const bytes = keyFromBase64(nextKey);
  if (!bytes) throw new AppError('CONFIG_INVALID', 'FACEGATE_GALLERY_KEY_NEXT must be base64 of 32 bytes');
  const next = galleryKey(bytes);
  if (key !== undefined && keyFromBase64(key)?.equals(bytes)) {
    throw new AppError('CONFIG_INVALID', 'FACEGATE_GALLERY_KEY_NEXT is the key that is in use');
  }
  return next;
}

/** What it cannot read it would make unreadable for good, the old key being gone. */
function damaged(rows: readonly string[]): AppError {
  const some = rows.slice(0, 5).join(', ');
  return new AppError(
    'GALLERY_UNAVAILABLE',
    `${rows.length} of the gallery's fields are damaged and do not open under its key (${some}${rows.length > 5 ? ', …' : ''}); remove those faces or subjects first, or write the subjects' notes anew; nothing was changed`,
  );
}
