import { readFileSync, statSync } from 'node:fs';
import { AppError } from './app-error.ts';

/** A password, a key. What is larger is some other file, named by mistake. */
const MOST_BYTES = 65_536;

/**
 * What the environment says `name` is: its own value, else what the file holds that `NAME_FILE` names. Secrets of containers
 * (`/run/secrets`) and credentials of systemd come as files; a variable shows in `docker inspect` and in `/proc`.
 *
 * @returns undefined when neither is set, or what is there is empty. One line break at the end of the file is not part of it.
 * @throws {AppError} CONFIG_SECRET_MISSING when the file cannot be read.
 */
export function environmentValue(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  const file = env[`${name}_FILE`];
  if (env[name] || !file) return env[name] || undefined;
  return contentOf(file, `${name}_FILE`).replace(/\r?\n$/, '') || undefined;
}

function contentOf(file: string, variable: string): string {
  const cannot = (why: string, cause?: unknown) =>
    new AppError('CONFIG_SECRET_MISSING', `${variable} names ${file}, which ${why}`, { cause });
  try {
    if (statSync(file).size > MOST_BYTES) throw cannot(`is larger than ${MOST_BYTES} bytes`);
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw cannot(`cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
}
