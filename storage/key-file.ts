import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../config/app-error.ts';
import { syncFolder } from './durable-folder.ts';
import { giveToOwner } from './give-to-owner.ts';
import { KEY_BYTES } from './sealed-bytes.ts';

/**
 * The 32 bytes of a key file: as they are, or as base64 in one line, which is how secrets are handed to containers.
 *
 * @returns null when there is no such file.
 * @throws {AppError} CONFIG_INVALID when it cannot be read or holds something else.
 */
export function readKeyFile(file: string): Buffer | null {
  let content: Buffer;
  try {
    content = readFileSync(file);
    // Copied by hand or restored from a backup it may have become readable for others.
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) closeToOthers(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new AppError('CONFIG_INVALID', `the key file ${file} could not be read: ${said(cause)}`, { cause });
  }
  if (content.length === KEY_BYTES) return content;
  const decoded = keyFromBase64(content.toString('latin1'));
  if (decoded) return decoded;
  throw new AppError('CONFIG_INVALID', `the key file ${file} must have ${KEY_BYTES} bytes, got ${content.length}`);
}

/** The 32 bytes that `text` is base64 of; null when it is not. */
export function keyFromBase64(text: string): Buffer | null {
  const trimmed = text.trim();
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) return null;
  const key = Buffer.from(trimmed, 'base64');
  return key.length === KEY_BYTES ? key : null;
}

/**
 * Makes a key file that only its owner may read (mode 0600) and that survives a power cut.
 *
 * @param key default: 32 random bytes.
 * @throws {AppError} CONFIG_INVALID when it cannot be made, or is there already: a key is never overwritten.
 */
export function makeKeyFile(file: string, key: Uint8Array = randomBytes(KEY_BYTES)): Buffer {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Whole or not at all: a process that is killed here must not leave a file that is no key.
    const part = `${file}.${process.pid}.part`;
    const handle = openSync(part, 'w', 0o600);
    try {
      giveToOwner(part, handle);
      writeSync(handle, key);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    try {
      linkSync(part, file);
    } finally {
      rmSync(part);
    }
    syncFolder(dirname(file));
    return Buffer.from(key);
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', `the key file ${file} could not be made: ${said(cause)}`, { cause });
  }
}

/** A secret that is mounted read-only keeps the mode that it was given. */
function closeToOthers(file: string): void {
  try {
    chmodSync(file, 0o600);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'EROFS' && code !== 'EPERM') throw cause;
  }
}

function said(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
