import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { AppError } from '../config/app-error.ts';

/**
 * A file sealed with a passphrase. A header of 32 bytes: `facegate` (8), version 1 (1), log2 of scrypt's cost (1), what is
 * inside (`backup` or `gallery`, 6, padded with zeros to 6 and cut to it), salt (16). Then the content in chunks of 64 KiB,
 * each AES-256-GCM with its tag of 16 bytes behind it; only the last one is shorter. The key is scrypt's (r 8, p 1) of the passphrase
 * and the salt and seals this one file, so nonces are counted: 11 bytes with the chunk's number, 1 byte that is 1 for the
 * last chunk. The header is associated data of every chunk. So a chunk that was changed, moved, left out or cut off at the
 * end is noticed (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár 2015, as in the age file format).
 */
export type ArchiveKind = 'backup' | 'gallery';

const MAGIC = Buffer.from('facegate', 'latin1');
const VERSION = 1;
const KIND_BYTES = 6;
const SALT_BYTES = 16;
const HEADER_BYTES = MAGIC.length + 2 + KIND_BYTES + SALT_BYTES;
const CHUNK_BYTES = 65_536;
const TAG_BYTES = 16;
const ALGORITHM = 'aes-256-gcm';
/** 128 MiB and a third of a second for each try of a passphrase. */
const LOG2_COST = 17;
/** What is accepted when opening: a header that asks for more would only keep the machine busy. */
const COSTS = { least: 14, most: 20 };

const derive = promisify(scrypt) as (
  passphrase: string,
  salt: Uint8Array,
  length: number,
  options: { N: number; r: number; p: number; maxmem: number },
) => Promise<Buffer>;

/** Whether a file begins like a sealed one. */
export function isSealedArchive(head: Uint8Array): boolean {
  return head.length >= MAGIC.length && MAGIC.equals(head.subarray(0, MAGIC.length));
}

/** @param log2Cost default 17. Tests take less. */
export async function* sealArchive(
  content: AsyncIterable<Uint8Array>,
  { kind, passphrase, log2Cost = LOG2_COST }: { kind: ArchiveKind; passphrase: string; log2Cost?: number },
): AsyncGenerator<Buffer> {
  const header = Buffer.concat([MAGIC, Buffer.of(VERSION, log2Cost), kindBytes(kind), randomBytes(SALT_BYTES)]);
  const key = await keyOf(passphrase, header);
  yield header;
  let number = 0;
  for await (const { chunk, last } of inChunks(content, CHUNK_BYTES)) {
    const cipher = createCipheriv(ALGORITHM, key, nonceOf(number, last), { authTagLength: TAG_BYTES });
    cipher.setAAD(header);
    yield Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
    number += 1;
  }
}

/**
 * Gives back what was sealed. What comes out of it is genuine as far as it goes; only when it has ended without an error is
 * it whole, so nothing may be done for good before.
 *
 * @throws {AppError} ARCHIVE_INVALID
 */
export async function* openArchive(
  sealed: AsyncIterable<Uint8Array>,
  { kind, passphrase }: { kind: ArchiveKind; passphrase: string },
): AsyncGenerator<Buffer> {
  let header: Buffer | null = null;
  let key: Buffer | null = null;
  let number = 0;
  const body = async function* () {
    let begun = Buffer.alloc(0);
    for await (const bytes of sealed) {
      if (header !== null) {
        yield bytes;
        continue;
      }
      begun = Buffer.concat([begun, bytes]);
      if (begun.length < HEADER_BYTES) continue;
      header = checkedHeader(begun.subarray(0, HEADER_BYTES), kind);
      yield begun.subarray(HEADER_BYTES);
    }
    if (header === null) throw new AppError('ARCHIVE_INVALID', 'the archive is cut off: it ends within its header');
  };
  for await (const { chunk, last } of inChunks(body(), CHUNK_BYTES + TAG_BYTES)) {
    const aad = header as unknown as Buffer;
    key ??= await keyOf(passphrase, aad);
    yield opened(chunk, key, aad, number, last);
    number += 1;
  }
}

function opened(chunk: Buffer, key: Buffer, header: Buffer, number: number, last: boolean): Buffer {
  const text = chunk.subarray(0, Math.max(0, chunk.length - TAG_BYTES));
  try {
    const decipher = createDecipheriv(ALGORITHM, key, nonceOf(number, last), { authTagLength: TAG_BYTES });
    decipher.setAAD(header);
    decipher.setAuthTag(chunk.subarray(text.length));
    return Buffer.concat([decipher.update(text), decipher.final()]);
  } catch (cause) {
    const why = number === 0 ? 'the passphrase is another one, or the archive is damaged' : 'it is damaged or cut off';
    throw new AppError('ARCHIVE_INVALID', `the archive cannot be opened: ${why} (chunk ${number + 1})`, { cause });
  }
}

function checkedHeader(header: Buffer, kind: ArchiveKind): Buffer {
  const [version, log2Cost] = [header[MAGIC.length], header[MAGIC.length + 1] ?? 0];
  const found = header.subarray(MAGIC.length + 2, MAGIC.length + 2 + KIND_BYTES);
  if (!isSealedArchive(header)) throw new AppError('ARCHIVE_INVALID', 'the file is no sealed archive of facegate');
  if (version !== VERSION) {
    throw new AppError('ARCHIVE_INVALID', `the archive has version ${version}; this facegate reads ${VERSION}`);
  }
  if (!found.equals(kindBytes(kind))) {
    const what = KINDS.find((known) => found.equals(kindBytes(known))) ?? 'something else';
    throw new AppError('ARCHIVE_INVALID', `the archive must hold a ${kind}, it holds a ${what}`);
  }
  if (log2Cost < COSTS.least || log2Cost > COSTS.most) {
    throw new AppError('ARCHIVE_INVALID', `the archive asks for a scrypt cost of 2^${log2Cost}, which none has`);
  }
  return Buffer.from(header);
}

const KINDS: readonly ArchiveKind[] = ['backup', 'gallery'];

function kindBytes(kind: ArchiveKind): Buffer {
  return Buffer.from(kind.padEnd(KIND_BYTES, '\0').slice(0, KIND_BYTES), 'latin1');
}

function keyOf(passphrase: string, header: Buffer): Promise<Buffer> {
  const N = 2 ** (header[MAGIC.length + 1] as number);
  const salt = header.subarray(HEADER_BYTES - SALT_BYTES);
  // The same letters typed on another system must be the same passphrase.
  return derive(passphrase.normalize('NFC'), salt, 32, { N, r: 8, p: 1, maxmem: 256 * N * 8 });
}

function nonceOf(number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

/** Chunks of `size` bytes; the last one may be shorter, or empty where there is nothing at all. */
async function* inChunks(
  content: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ chunk: Buffer; last: boolean }> {
  const waiting: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of content) {
    waiting.push(bytes);
    length += bytes.byteLength;
    // One byte more than a chunk: only then is it known not to be the last.
    if (length <= size) continue;
    let joined = Buffer.concat(waiting);
    while (joined.length > size) {
      yield { chunk: joined.subarray(0, size), last: false };
      joined = joined.subarray(size);
    }
    waiting.splice(0, waiting.length, joined);
    length = joined.length;
  }
  yield { chunk: Buffer.concat(waiting), last: true };
}
