import type { Command } from 'commander';
import { AppError } from '../../../config/app-error.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import type { CommandContext } from '../command-context.ts';
import { commandLineCaller } from '../command-line-caller.ts';
import { addSettingsOptions, collect, readSettings, type SettingsOptions } from '../settings-options.ts';
import { whichWebhook } from './which-webhook.ts';
import { withAudit, withOutbox } from './with-outbox.ts';

interface ResendOptions extends SettingsOptions {
  id?: string[];
  all?: boolean;
}

export function addResendCommand(sinks: Command, context: CommandContext): void {
  const command = sinks
    .command('resend')
    .summary('try given-up events again')
    .description(
      'Has a webhook try events again that it gave up, with its whole schedule: at once where facegate runs, else at its next start. They say "replay": true.',
    )
    .argument('[sink]', 'id of the webhook; may be left out where there is only one')
    .option('--id <event>', 'id of an event, as facegate sinks dead shows it; may be given several times', collect)
    .option('--all', 'all of them');
  addSettingsOptions(command).action((sink: string | undefined, options: ResendOptions) => run(sink, options, context));
}

function run(sink: string | undefined, options: ResendOptions, context: CommandContext): void {
  const { settings, dataDir } = readSettings(options, context);
  const { id } = whichWebhook(settings.sinks, sink);
  const which = options.all ? 'all' : (options.id ?? []);
  if (which.length === 0 || (options.all && options.id)) {
    throw new AppError('USAGE', 'say which ones: --id EVENT (several times if need be), or --all');
  }
  const resent = withOutbox(dataDir, options, (outbox) => outbox?.resend(id, which, systemClock.wallMs()) ?? 0);
  if (resent > 0) {
    const details = { sink: id, resent };
    withAudit(dataDir, (audit) =>
      audit.record({ action: 'sink.resent', by: commandLineCaller(), subject: null, details }),
    );
  }
  const missing = which === 'all' ? 0 : new Set(which).size - resent;
  context.terminal.note(`the webhook "${id}" tries ${resent} ${resent === 1 ? 'event' : 'events'} again`);
  if (missing > 0) {
    throw new AppError('USAGE', `${missing} of the ids ${missing === 1 ? 'is' : 'are'} no dead letter of "${id}"`);
  }
}
