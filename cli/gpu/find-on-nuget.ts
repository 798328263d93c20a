import { z } from 'zod';
import { AppError } from '../../config/app-error.ts';
import type { RuntimePackage } from './runtime-package.ts';

/** A package as NuGet's catalog has it. */
export interface PublishedPackage {
  readonly url: string;
  /** Lower-case hexadecimal. */
  readonly sha512: string;
  readonly bytes: number | null;
}

const ANSWER_MS = 15_000;

// Only what is read; NuGet's documents hold much more.
const serviceIndex = z.object({ resources: z.array(z.object({ '@id': z.url(), '@type': z.string() })) });
const leaf = z.object({ catalogEntry: z.url(), packageContent: z.url() });
const catalogEntry = z.object({
  packageHash: z.base64(),
  packageHashAlgorithm: z.literal('SHA512'),
  packageSize: z.int().positive().optional(),
});

/**
 * Asks NuGet (service index → registration → catalog) where a package lies and what its bytes must be.
 *
 * @throws {AppError} GPU_INSTALL_FAILED with what to do where NuGet cannot be reached.
 */
export async function findOnNuget({ id, version, index }: Omit<RuntimePackage, 'files'>): Promise<PublishedPackage> {
  const { resources } = await ask(index, serviceIndex);
  const registrations =
    resources.find((each) => each['@type'] === 'RegistrationsBaseUrl/3.6.0') ??
    resources.find((each) => each['@type'].startsWith('RegistrationsBaseUrl'));
  if (!registrations)
    throw new AppError('GPU_INSTALL_FAILED', `${index} names no registrations (RegistrationsBaseUrl)`);
  const base = registrations['@id'].replace(/\/*$/, '/');
  const found = await ask(`${base}${id.toLowerCase()}/${version.toLowerCase()}.json`, leaf);
  const { packageHash, packageSize } = await ask(found.catalogEntry, catalogEntry);
  return {
    url: found.packageContent,
    sha512: Buffer.from(packageHash, 'base64').toString('hex'),
    bytes: packageSize ?? null,
  };
}

async function ask<T>(url: string, shape: z.ZodType<T>): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) }).catch((cause: unknown) => {
    throw unreachable(url, cause);
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new AppError('GPU_INSTALL_FAILED', `${url} answered with HTTP ${response.status}`);
  }
  const parsed = shape.safeParse(await response.json().catch(() => null));
  if (parsed.success) return parsed.data;
  throw new AppError('GPU_INSTALL_FAILED', `${url} did not answer as NuGet does: ${z.prettifyError(parsed.error)}`);
}

/** @param cause what fetch threw; its own cause says more than "fetch failed". */
export function unreachable(url: string, cause: unknown): AppError {
  const { message, cause: inner } = cause as Error;
  const why = inner instanceof Error ? inner.message || (inner as NodeJS.ErrnoException).code : message;
  return new AppError(
    'GPU_INSTALL_FAILED',
    `${new URL(url).host} cannot be reached (${why}); behind a proxy, start with NODE_USE_ENV_PROXY=1 and HTTPS_PROXY; ` +
      'without a way out, fetch the package elsewhere and name it with --from (docs/deploy.md)',
    { cause },
  );
}
