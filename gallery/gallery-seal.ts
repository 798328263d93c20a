import { createHmac } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../config/app-error.ts';
import { syncFolder } from '../storage/durable-folder.ts';
import { keyFromBase64, makeKeyFile, readKeyFile } from '../storage/key-file.ts';
import { KEY_BYTES, openSealed, sealBytes } from '../storage/sealed-bytes.ts';

/** Where the gallery's key comes from. */
export interface GalleryKeySource {
  /** `FACEGATE_GALLERY_KEY`: base64 of 32 bytes; comes before the file. */
  readonly key?: string | undefined;
  readonly keyFile: string;
}

/** A key and the name by which the database knows it. */
export interface GalleryKey {
  /** Tells keys apart without telling anything of them: HMAC-SHA-256 of a fixed text under the key, 32 hex digits. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

export function galleryKey(bytes: Uint8Array): GalleryKey {
  const id = createHmac('sha256', bytes).update('facegate gallery key').digest('hex').slice(0, 32);
  return { id, bytes };
}

/** The key that the environment or the file gives; null when it gives none. @throws {AppError} CONFIG_INVALID */
function givenKey({ key, keyFile }: GalleryKeySource): GalleryKey | null {
  if (key === undefined) {
    const bytes = readKeyFile(keyFile);
    return bytes && galleryKey(bytes);
  }
  const bytes = keyFromBase64(key);
  if (bytes) return galleryKey(bytes);
  throw new AppError(
    'CONFIG_INVALID',
    `FACEGATE_GALLERY_KEY must be base64 of ${KEY_BYTES} bytes (make one: openssl rand -base64 ${KEY_BYTES})`,
  );
}

/** The key for a gallery in which nothing is sealed yet: the one that is given, or a new one in the key file. */
export function firstKey(source: GalleryKeySource): GalleryKey {
  return givenKey(source) ?? galleryKey(makeKeyFile(source.keyFile));
}

/**
 * The key that the database names; `next` when it lies in the next key's file, because a rotation was cut off after the
 * database was sealed anew.
 *
 * @throws {AppError} GALLERY_KEY_MISSING, GALLERY_KEY_WRONG, CONFIG_INVALID
 */
export function keyOf(id: string, source: GalleryKeySource): { key: GalleryKey; next: boolean } {
  const given = givenKey(source);
  if (given?.id === id) return { key: given, next: false };
  if (source.key === undefined) {
    const next = nextKey(source.keyFile);
    if (next?.id === id) return { key: next, next: true };
    // Another process may have put it into its place between the two looks.
    const again = givenKey(source);
    if (again?.id === id) return { key: again, next: false };
  }
  const from = source.key === undefined ? `the key file ${source.keyFile}` : 'FACEGATE_GALLERY_KEY';
  if (given) {
    throw new AppError(
      'GALLERY_KEY_WRONG',
      `the gallery is sealed under the key ${id.slice(0, 8)}…, and ${from} holds another one, ${given.id.slice(0, 8)}…`,
    );
  }
  throw new AppError(
    'GALLERY_KEY_MISSING',
    `the gallery is sealed under the key ${id.slice(0, 8)}…, and ${from} is not there; put it back, or set FACEGATE_GALLERY_KEY`,
  );
}

// The next key's file is made, taken and renamed only under the database's write lock: two rotations would otherwise
// overwrite the one key that opens the database.

/** A new key, on disk beside the one in use. What a rotation that came to nothing left there is overwritten. */
export function prepareNextKey(keyFile: string): GalleryKey {
  rmSync(nextKeyFile(keyFile), { force: true });
  return galleryKey(makeKeyFile(nextKeyFile(keyFile)));
}

/** Puts the prepared key in the place of the old one, which is gone then. */
export function installNextKey(keyFile: string): void {
  renameSync(nextKeyFile(keyFile), keyFile);
  syncFolder(dirname(keyFile));
}

function nextKey(keyFile: string): GalleryKey | null {
  const bytes = readKeyFile(nextKeyFile(keyFile));
  return bytes && galleryKey(bytes);
}

function nextKeyFile(keyFile: string): string {
  return `${keyFile}.next`;
}

/** What a sealed field belongs to. Each part is bound to it: a field that is moved to another row opens no more. */
export const CONTEXT = {
  embedding: (row: { id: string; subjectId: string; model: string; modelVersion: string; kind: string }) =>
    ['embedding', row.subjectId, row.model, row.modelVersion, row.kind, row.id].join('\n'),
  image: (row: { id: string; subjectId: string }) => ['image', row.subjectId, row.id].join('\n'),
  subject: (row: { id: string }) => ['subject', row.id].join('\n'),
  pictureKey: (row: { id: string }) => ['picture key', row.id].join('\n'),
};

export function seal(key: GalleryKey, bytes: Uint8Array, context: string): Buffer {
  return sealBytes(key.bytes, bytes, context);
}

/** @returns null when it is damaged, or belongs to another row. */
export function unseal(key: GalleryKey, sealed: Uint8Array, context: string): Buffer | null {
  return openSealed(key.bytes, sealed, context);
}
