import { resolve } from 'node:path';
import {
  type DestinationStream,
  multistream,
  type Logger as PinoLogger,
  pino,
  type StreamEntry,
  stdTimeFunctions,
} from 'pino';
import { AppError } from '../../config/app-error.ts';
import type { Settings } from '../../config/settings-schema.ts';
import { RotatingLogFile, type RotatingLogFileOptions } from './rotating-log-file.ts';

/** Where a log's lines are kept. */
export type LogFilePlace = Pick<RotatingLogFileOptions, 'path' | 'maxBytes' | 'files'>;

type Level = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  level: Level;
  /** A field of every line. Default: none. */
  tenant?: string | undefined;
  /** Gets every line; the caller closes it, after everything that may still log. Default: none. */
  file?: Pick<RotatingLogFile, 'write'> | null | undefined;
  /** Gets every line too, or those from `stderrFrom` on. Default: JSON lines on stderr, without waiting. */
  stderr?: DestinationStream | undefined;
  stderrFrom?: Level | undefined;
}

/** The program's log. Credentials are kept out where they arise; the paths here are the second fence. */
export function openLog({ level, tenant, file, stderr, stderrFrom = level }: LogOptions): PinoLogger {
  const toStderr = stderr ?? pino.destination({ dest: 2, sync: false });
  const streams: StreamEntry<Level>[] = [{ level: stderrFrom, stream: toStderr }];
  if (file) streams.push({ level, stream: file });
  return pino(
    {
      level,
      base: tenant === undefined ? null : { tenant },
      redact: ['req.headers.authorization', 'req.headers.cookie', 'req.headers["x-api-key"]', '*.password', '*.key'],
      timestamp: stdTimeFunctions.isoTime,
    },
    // One of them alone is written to directly: the other takes each line apart for its level.
    file || stderrFrom !== level ? multistream(streams) : toStderr,
  );
}

/** A log's file in the folder of the settings, which is relative to `baseDir`; null where they name none. */
export function logFilePlace(log: Settings['log'], o: { baseDir: string; tenant: string }): LogFilePlace | null {
  if (log.folder === undefined) return null;
  return { path: resolve(o.baseDir, log.folder, `${o.tenant}.log`), maxBytes: log.maxSize, files: log.files };
}

/**
 * Opens it. That it cannot be written later on is said on stderr.
 *
 * @throws {AppError} CONFIG_INVALID when it cannot be made.
 */
export function openLogFile({ path, ...o }: LogFilePlace): RotatingLogFile {
  const onTrouble = ({ message }: Error) =>
    void process.stderr.write(`facegate: the log ${path} cannot be written: ${message}\n`);
  try {
    return new RotatingLogFile({ path, ...o, onTrouble });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('CONFIG_INVALID', `log.folder: ${path} cannot be written (${code})`, { cause });
  }
}
