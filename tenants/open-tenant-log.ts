import { type Logger, pino } from 'pino';
import type { OpenMessage } from './tenant-messages.ts';

export interface TenantLogOptions {
  file: OpenMessage['logFile'];
  level: string;
  tenant: string;
}

/** A tenant's log: lines of JSON that bear its id, in a file of its own or on the gateway's stderr. */
export function openTenantLog({ file, level, tenant }: TenantLogOptions): Logger {
  const destination = pino.destination({ dest: file?.path ?? 2, mkdir: true, sync: false });
  return pino(
    {
      level,
      base: { tenant },
      redact: ['req.headers.authorization', 'req.headers.cookie', 'req.headers["x-api-key"]', '*.password', '*.key'],
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination,
  );
}
