import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { openEventLog } from '../../../access/event-log.ts';
import { DEFAULT_TENANT } from '../../../pipeline/access-event.ts';
import { silentLog } from '../../../pipeline/silent-log.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { webhookEndpoint } from '../../../server/sinks/webhooks.ts';
import { sendTest } from '../../../sinks/webhook/send-test.ts';
import type { CommandContext } from '../command-context.ts';
import { commandLineCaller } from '../command-line-caller.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from '../settings-options.ts';
import { whichWebhook } from './which-webhook.ts';
import { withAudit } from './with-outbox.ts';

export function addTestCommand(sinks: Command, context: CommandContext): void {
  const command = sinks
    .command('test')
    .summary('post a test event to a webhook and say what came back')
    .description('Posts an event of the type "test" once, signed like all others, and says what the receiver answered.')
    .argument('[sink]', 'id of the webhook; may be left out where there is only one');
  addSettingsOptions(command).action((sink: string | undefined, options: SettingsOptions) =>
    run(sink, options, context),
  );
}

async function run(sink: string | undefined, options: SettingsOptions, context: CommandContext): Promise<void> {
  const { terminal, version } = context;
  const { settings, dataDir } = readSettings(options, context);
  const webhook = whichWebhook(settings.sinks, sink);
  const endpoint = webhookEndpoint(webhook, { clock: systemClock, version });
  const result = await sendTest(endpoint, { tenant: tenantOf(dataDir), clock: systemClock }).finally(() =>
    endpoint.close(),
  );
  const { delivered, status, message, ms } = result;
  const details = { sink: webhook.id, delivered, status };
  withAudit(dataDir, (audit) =>
    audit.record({ action: 'sink.tested', by: commandLineCaller(), subject: null, details }),
  );
  if (delivered) {
    terminal.print(`delivered: ${message} after ${ms} ms`);
    return;
  }
  terminal.note(`facegate: not delivered: ${message}, after ${ms} ms`);
  process.exitCode = 1;
}

/** Whose events the data folder holds. */
function tenantOf(dataDir: string): string {
  const file = join(dataDir, 'events.db');
  if (!existsSync(file)) return DEFAULT_TENANT;
  const events = openEventLog({ file, clock: systemClock, log: silentLog });
  const { tenant } = events;
  void events.close();
  return tenant;
}
