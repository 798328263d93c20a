// Another process that writes to an audit log: node audit-writer.ts FILE COUNT. It says `done` when all are recorded.
import { systemClock } from '../../pipeline/system-clock.ts';
import { openAuditLog } from '../../storage/audit-log.ts';

const [file, count] = process.argv.slice(2) as [string, string];
const log = openAuditLog({ file, clock: systemClock });
for (let n = 0; n < Number(count); n += 1) {
  log.record({ action: 'subject.viewed', by: `process ${process.pid}`, subject: null, details: { n } });
}
log.close();
process.stdout.write('done\n');
