import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditTrail } from '../../../pipeline/audit.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { WebhookOutbox } from '../../../server/sinks/webhook-outbox.ts';
import { outboxFile } from '../../../server/sinks/webhooks.ts';
import { openAuditLog } from '../../../storage/audit-log.ts';
import { openLog } from '../log.ts';
import type { SettingsOptions } from '../settings-options.ts';

/** Opens the outbox beside a server that may be running; null where there is none yet. */
export function withOutbox<T>(dataDir: string, options: SettingsOptions, work: (outbox: WebhookOutbox | null) => T): T {
  const file = outboxFile(dataDir);
  if (!existsSync(file)) return work(null);
  const outbox = new WebhookOutbox({ file, clock: systemClock, log: openLog(options.logLevel ?? 'warn') });
  try {
    return work(outbox);
  } finally {
    outbox.close();
  }
}

export function withAudit<T>(dataDir: string, work: (audit: AuditTrail) => T): T {
  const audit = openAuditLog({ file: join(dataDir, 'audit.db'), clock: systemClock });
  try {
    return work(audit);
  } finally {
    audit.close();
  }
}
