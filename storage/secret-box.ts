import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../config/app-error.ts';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** First byte of what is sealed: how it was done. */
const VERSION = 1;

/**
 * Seals what must not lie in clear in a database: AES-256-GCM under a random key in a file of its own that only its owner
 * may read (mode 0600), made when something is sealed for the first time. It keeps a copied or published database from
 * giving its secrets away; it does not keep them from whoever can read the key file too.
 *
 * Sealed: one byte version (1), 12 bytes nonce, 16 bytes tag, the ciphertext. Nonces are random: 2³² seals under one key
 * are safe (NIST SP 800-38D), far more than settings change.
 */
export class SecretBox {
  readonly #file: string;
  #key: Buffer | null = null;

  /** @param file the key file; nothing is read or made yet. */
  constructor(file: string) {
    this.#file = file;
  }

  /**
   * @param context what the secret belongs to; it opens again with the very same context only.
   * @throws {AppError} CONFIG_INVALID when the key file can be neither read nor made.
   */
  seal(text: string, context: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#keyToSeal(), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(context, 'utf8'));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), sealed]);
  }

  /** @throws {AppError} CONFIG_INVALID when the key file is missing or not the one, or the bytes were changed. */
  open(sealed: Uint8Array, context: string): string {
    const bytes = Buffer.from(sealed);
    const key = this.#keyToOpen();
    const body = 1 + NONCE_BYTES + TAG_BYTES;
    try {
      if (bytes[0] !== VERSION || bytes.length < body) throw new Error('it is of another kind');
      const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
      const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context, 'utf8'));
      decipher.setAuthTag(bytes.subarray(1 + NONCE_BYTES, body));
      return Buffer.concat([decipher.update(bytes.subarray(body)), decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new AppError('CONFIG_INVALID', `the key file ${this.#file} does not open ${context}`, { cause });
    }
  }

  #keyToOpen(): Buffer {
    this.#key ??= readKey(this.#file);
    if (this.#key) return this.#key;
    throw new AppError('CONFIG_INVALID', `the key file ${this.#file} is missing`);
  }

  #keyToSeal(): Buffer {
    this.#key ??= readKey(this.#file) ?? makeKey(this.#file);
    return this.#key;
  }
}

function readKey(file: string): Buffer | null {
  let key: Buffer;
  try {
    key = readFileSync(file);
    // Copied by hand or restored from a backup it may have become readable for others.
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new AppError('CONFIG_INVALID', `the key file ${file} could not be read: ${said(cause)}`, { cause });
  }
  if (key.length === KEY_BYTES) return key;
  throw new AppError('CONFIG_INVALID', `the key file ${file} must have ${KEY_BYTES} bytes, got ${key.length}`);
}

function makeKey(file: string): Buffer {
  const key = randomBytes(KEY_BYTES);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // `x`: a key that is there is never overwritten.
    const handle = openSync(file, 'wx', 0o600);
    try {
      writeSync(handle, key);
      // It must not be lost to a power cut that what it sealed survives.
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    return key;
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', `the key file ${file} could not be made: ${said(cause)}`, { cause });
  }
}

function said(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
