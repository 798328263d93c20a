import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { commandLineCaller } from '../command-line-caller.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from '../settings-options.ts';
import { whichWebhook } from './which-webhook.ts';
import { withAudit, withOutbox } from './with-outbox.ts';

export function addEnableCommand(sinks: Command, context: CommandContext): void {
  const command = sinks
    .command('enable')
    .summary('send to a webhook again that wanted no more')
    .description('Sends to a webhook again that answered 410 Gone. It gets all that waits for it.')
    .argument('[sink]', 'id of the webhook; may be left out where there is only one');
  addSettingsOptions(command).action((sink: string | undefined, options: SettingsOptions) =>
    run(sink, options, context),
  );
}

function run(sink: string | undefined, options: SettingsOptions, context: CommandContext): void {
  const { settings, dataDir } = readSettings(options, context);
  const { id } = whichWebhook(settings.sinks, sink);
  const was = withOutbox(dataDir, options, (outbox) => outbox?.enable(id) ?? false);
  if (was) {
    const details = { sink: id };
    withAudit(dataDir, (audit) =>
      audit.record({ action: 'sink.enabled', by: commandLineCaller(), subject: null, details }),
    );
  }
  context.terminal.note(was ? `the webhook "${id}" is enabled again` : `the webhook "${id}" was not disabled`);
}
