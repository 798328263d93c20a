import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { AppError } from '../../config/app-error.ts';
import { expectHash, fetchPackage } from './fetch-package.ts';
import { findOnNuget } from './find-on-nuget.ts';
import type { RuntimePackage } from './runtime-package.ts';
import { unpackLibraries } from './unpack-libraries.ts';

export interface InstallOptions {
  readonly wanted: RuntimePackage;
  /** Where the runtime looks for its libraries. */
  readonly folder: string;
  /** A package that was fetched by hand; nothing is asked of the network then. */
  readonly from?: string;
  /** What the package's SHA-512 must be, hexadecimal or base64. Default: what NuGet's catalog says; with `from`, any. */
  readonly sha512?: string;
  /** Also where the libraries are there already. */
  readonly force?: boolean;
  readonly onProgress?: (done: number, total: number | null) => void;
}

export interface Installed {
  /** They were there before, in this version. */
  readonly already: boolean;
  /** Of the package, hexadecimal; null where nothing was unpacked. */
  readonly sha512: string | null;
  readonly files: readonly string[];
}

/** Lies beside the libraries and says which they are: their names carry no version. */
const STAMP = 'facegate-gpu.json';

const stampShape = z.object({
  version: z.string(),
  files: z.array(z.object({ name: z.string(), bytes: z.number() })),
});

/**
 * Puts the CUDA libraries of the runtime in their place, once.
 *
 * @throws {AppError} GPU_INSTALL_FAILED.
 */
export async function installLibraries(options: InstallOptions): Promise<Installed> {
  const { wanted, folder, from, force = false } = options;
  const files = wanted.files.map(({ name }) => join(folder, name));
  if (!force && (await isThere(wanted, folder))) return { already: true, sha512: null, files };
  await access(folder, constants.W_OK).catch((cause: NodeJS.ErrnoException) => {
    const message = `${folder} cannot be written (${cause.code}); run this as whoever installed the packages`;
    throw new AppError('GPU_INSTALL_FAILED', message, { cause });
  });
  const scratch = await mkdtemp(join(tmpdir(), 'facegate-gpu-'));
  try {
    const file = from ?? join(scratch, `${wanted.id}.${wanted.version}.nupkg`);
    const sha512 = from === undefined ? await fetched(options, file) : await asGiven(file, options.sha512);
    const unpacked = await unpackLibraries(file, wanted, folder);
    const stamp = { package: wanted.id, version: wanted.version, sha512, files: unpacked };
    await writeFile(join(folder, STAMP), `${JSON.stringify(stamp, null, 2)}\n`);
    return { already: false, sha512, files };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function fetched({ wanted, sha512, onProgress }: InstallOptions, to: string): Promise<string> {
  const published = await findOnNuget(wanted);
  // What a person expects counts more than what the server says of itself.
  const expected = sha512 === undefined ? published.sha512 : hexadecimal(sha512);
  await fetchPackage({ ...published, sha512: expected }, to, onProgress);
  return expected;
}

async function asGiven(file: string, expected?: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash).catch((cause: Error) => {
    throw new AppError('GPU_INSTALL_FAILED', `${file} cannot be read: ${cause.message}`, { cause });
  });
  const got = hash.digest('hex');
  if (expected !== undefined) expectHash(basename(file), got, hexadecimal(expected));
  return got;
}

function hexadecimal(sha512: string): string {
  if (/^[0-9a-f]{128}$/i.test(sha512)) return sha512.toLowerCase();
  const bytes = Buffer.from(sha512, 'base64');
  if (bytes.length === 64) return bytes.toString('hex');
  throw new AppError(
    'USAGE',
    `--sha512 must be 128 hexadecimal digits, or base64 of 64 bytes; got ${sha512.length} characters`,
  );
}

/** As the stamp says: this version, every file with its size. */
async function isThere(wanted: RuntimePackage, folder: string): Promise<boolean> {
  const text = await readFile(join(folder, STAMP), 'utf8').catch(() => null);
  if (text === null) return false;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return false;
  }
  const stamp = stampShape.safeParse(json);
  if (!stamp.success || stamp.data.version !== wanted.version) return false;
  const sizes = new Map(stamp.data.files.map(({ name, bytes }) => [name, bytes]));
  const looks = wanted.files.map(async ({ name }) => {
    const found = await stat(join(folder, name)).catch(() => null);
    return found !== null && found.size === sizes.get(name);
  });
  return (await Promise.all(looks)).every(Boolean);
}
