// Another process that appends to an event log until it is killed: node event-appender.ts FILE
// It prints the number of each event after append has returned.
import { writeSync } from 'node:fs';
import { openEventLog } from '../../access/event-log.ts';
import { eventDraft } from './event-draft.ts';
import { recordedLog } from './recorded-log.ts';
import { VirtualClock } from './virtual-clock.ts';

const clock = new VirtualClock({ wallMs: Date.now() });
const log = openEventLog({ file: process.argv[2] as string, tenant: 'default', clock, log: recordedLog() });

for (;;) {
  // Synchronous: what stands in the pipe was said before the process died.
  const events = log.appendAll([eventDraft(), eventDraft({ type: 'person.left' })]);
  writeSync(1, `${events.map((event) => event.sequence).join('\n')}\n`);
}
