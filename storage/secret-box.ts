import { AppError } from '../config/app-error.ts';
import { makeKeyFile, readKeyFile } from './key-file.ts';
import { KEY_BYTES, openSealed, sealBytes } from './sealed-bytes.ts';

/** A key that is given instead of a file. */
export interface GivenKey {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** What messages call it: `the gallery's key`. */
  readonly name: string;
}

/**
 * Seals what must not lie in clear in a database: AES-256-GCM (sealed-bytes.ts) under a random key in a file of its own that
 * only its owner may read (mode 0600), made when something is sealed for the first time; or under a key that is given. It
 * keeps a copied or published database from giving its secrets away; it does not keep them from whoever can read the key
 * file too.
 */
export class SecretBox {
  readonly #file: string | null;
  readonly #name: string;
  #key: Uint8Array | null;

  /** @param key the key file, of which nothing is read or made yet; or the key itself. */
  constructor(key: string | GivenKey) {
    const isFile = typeof key === 'string';
    this.#file = isFile ? key : null;
    this.#name = isFile ? `the key file ${key}` : key.name;
    this.#key = isFile ? null : key.key;
    if (this.#key && this.#key.length !== KEY_BYTES) {
      throw new AppError('CONFIG_INVALID', `${this.#name} must have ${KEY_BYTES} bytes, got ${this.#key.length}`);
    }
  }

  /**
   * @param secret text, kept as UTF-8, or bytes.
   * @param context what the secret belongs to; it opens again with the very same context only.
   * @throws {AppError} CONFIG_INVALID when the key file can be neither read nor made.
   */
  seal(secret: string | Uint8Array, context: string): Buffer {
    const bytes = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : secret;
    return sealBytes(this.#keyToSeal(), bytes, context);
  }

  /** @throws {AppError} CONFIG_INVALID when the key file is missing or not the one, or the bytes were changed. */
  open(sealed: Uint8Array, context: string): string {
    return this.openBytes(sealed, context).toString('utf8');
  }

  /** @throws {AppError} CONFIG_INVALID when the key file is missing or not the one, or the bytes were changed. */
  openBytes(sealed: Uint8Array, context: string): Buffer {
    const opened = openSealed(this.#keyToOpen(), sealed, context);
    if (opened) return opened;
    throw new AppError('CONFIG_INVALID', `${this.#name} does not open ${context}`);
  }

  #keyToOpen(): Uint8Array {
    this.#key ??= this.#file === null ? null : readKeyFile(this.#file);
    if (this.#key) return this.#key;
    throw new AppError('CONFIG_INVALID', `${this.#name} is missing`);
  }

  #keyToSeal(): Uint8Array {
    const file = this.#file;
    if (file !== null) this.#key ??= readKeyFile(file) ?? makeKeyFile(file);
    return this.#keyToOpen();
  }
}
