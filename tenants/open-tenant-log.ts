import type { Logger } from 'pino';
import { type LogOptions, openLog, openLogFile } from '../server/logs/open-log.ts';
import type { OpenMessage } from './tenant-messages.ts';

export interface TenantLogOptions {
  file: OpenMessage['logFile'];
  level: LogOptions['level'];
  tenant: string;
}

/**
 * A tenant's log: lines of JSON that bear its id, in a file of its own, or on the gateway's stderr. What is in a file is
 * written to its end when the process exits.
 *
 * @throws {AppError} CONFIG_INVALID when the file cannot be made.
 */
export function openTenantLog({ file, level, tenant }: TenantLogOptions): Logger {
  return openLog({ level, tenant, ...(file && { file: openLogFile(file), stderrFrom: 'error' }) });
}
