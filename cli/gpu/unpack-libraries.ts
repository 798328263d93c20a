import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { AppError } from '../../config/app-error.ts';
import type { RuntimePackage } from './runtime-package.ts';

export interface UnpackedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A manifest has a few kB; what claims more is none. */
const MOST_MANIFEST_BYTES = 1_000_000;

/**
 * Takes the libraries out of a NuGet package and puts them where the runtime looks: each is written beside its place,
 * compared with the CRC-32 of the package, and only then takes its name; all of them or none.
 *
 * @param file a package that is on this machine.
 * @throws {AppError} GPU_INSTALL_FAILED where it is no zip, another package or version, damaged, or cannot be written.
 */
export async function unpackLibraries(file: string, wanted: RuntimePackage, folder: string): Promise<UnpackedFile[]> {
  const zip = await openPromise(file, { lazyEntries: true, autoClose: false }).catch((cause: Error) => {
    throw new AppError('GPU_INSTALL_FAILED', `${file} is no NuGet package: ${cause.message}`, { cause });
  });
  const staged: { readonly from: string; readonly to: string }[] = [];
  try {
    const entries = await entriesOf(zip);
    await expectPackage(zip, entries, wanted, file);
    const unpacked: UnpackedFile[] = [];
    for (const { entry: path, name } of wanted.files) {
      const entry = entries.get(path);
      if (!entry) throw new AppError('GPU_INSTALL_FAILED', `${file} has no ${path}`);
      const to = join(folder, name);
      staged.push({ from: `${to}.part`, to });
      unpacked.push({ name, ...(await write(await zip.openReadStreamPromise(entry), entry, `${to}.part`)) });
    }
    for (const { from, to } of staged) await rename(from, to);
    return unpacked;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError(
      'GPU_INSTALL_FAILED',
      `the libraries could not be put into ${folder}: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  } finally {
    zip.close();
    for (const { from } of staged) await rm(from, { force: true });
  }
}

async function entriesOf(zip: ZipFile): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry);
  return entries;
}

/** The manifest of a package says its name and version. */
async function expectPackage(
  zip: ZipFile,
  entries: ReadonlyMap<string, Entry>,
  { id, version }: RuntimePackage,
  file: string,
): Promise<void> {
  const expected = `expected the NuGet package ${id} ${version}`;
  const manifest = [...entries.values()].find(({ fileName }) => /^[^/]+\.nuspec$/.test(fileName));
  if (!manifest || manifest.uncompressedSize > MOST_MANIFEST_BYTES) {
    throw new AppError('GPU_INSTALL_FAILED', `${file}: ${expected}, got a zip without a manifest`);
  }
  const text = (await buffer(await zip.openReadStreamPromise(manifest))).toString('utf8');
  const got = { id: /<id>([^<]*)<\/id>/.exec(text)?.[1], version: /<version>([^<]*)<\/version>/.exec(text)?.[1] };
  if (got.id?.toLowerCase() === id.toLowerCase() && got.version === version) return;
  throw new AppError('GPU_INSTALL_FAILED', `${file}: ${expected}, got ${got.id ?? 'no name'} ${got.version ?? ''}`);
}

async function write(from: Readable, entry: Entry, to: string): Promise<Omit<UnpackedFile, 'name'>> {
  const hash = createHash('sha256');
  let check = 0;
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      check = crc32(chunk, check);
      bytes += chunk.length;
      next(null, chunk);
    },
  });
  await pipeline(from, count, createWriteStream(to, { mode: 0o755 }));
  if (check !== entry.crc32)
    throw new AppError('GPU_INSTALL_FAILED', `${entry.fileName} is damaged (its CRC-32 differs)`);
  return { bytes, sha256: hash.digest('hex') };
}
