// Another process that appends events and sends them to a webhook: node webhook-worker.ts FOLDER URL SECRET append|drain.
// It says the id of each event that is in the log, a line each; `drain` appends none.
import { join } from 'node:path';
import { openEventLog } from '../../access/event-log.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { Webhooks } from '../../server/sinks/webhooks.ts';
import { EventOutlet } from '../../sinks/event-outlet.ts';
import { eventDraft } from './event-draft.ts';

const [folder, url, secret, what] = process.argv.slice(2) as [string, string, string, 'append' | 'drain'];
const clock = systemClock;
const log = silentLog;
const events = openEventLog({ file: join(folder, 'events.db'), tenant: 'default', clock, log });
const fault = (code: string) => void process.stderr.write(`${code}\n`);
const webhooks = new Webhooks({ dataDir: folder, tenant: 'default', version: '0', clock, log, fault });
const sink = webhooks.open({ type: 'webhook', id: 'hook', url, secrets: [secret], insecure: false });
new EventOutlet({ sink, type: 'webhook', filter: {}, log: events, clock, logger: log, fault }).start();
process.stdout.write('ready\n');
setInterval(() => {
  if (what === 'append') process.stdout.write(`${events.append(eventDraft({ decidedAtMs: Date.now() })).id}\n`);
}, 2);
