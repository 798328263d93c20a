import type { Command } from 'commander';
import { AppError } from '../../../config/app-error.ts';
import type { DeadLetter } from '../../../sinks/webhook/outbox.ts';
import type { CommandContext } from '../command-context.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from '../settings-options.ts';
import { whichWebhook } from './which-webhook.ts';
import { withOutbox } from './with-outbox.ts';

interface DeadOptions extends SettingsOptions {
  limit?: number;
  json?: boolean;
}

const LIMIT = 50;
const MOST = 100_000;

export function addDeadCommand(sinks: Command, context: CommandContext): void {
  const command = sinks
    .command('dead')
    .summary('events that a webhook gave up')
    .description(
      'Shows the events that a webhook gave up after its last attempt, the newest first. They are kept for 30 days.',
    )
    .argument('[sink]', 'id of the webhook; may be left out where there is only one')
    .option('--limit <events>', `so many at most (default: ${LIMIT})`, count)
    .option('--json', 'print them as JSON, with the whole events');
  addSettingsOptions(command).action((sink: string | undefined, options: DeadOptions) => run(sink, options, context));
}

function run(sink: string | undefined, options: DeadOptions, context: CommandContext): void {
  const { terminal } = context;
  const { settings, dataDir } = readSettings(options, context);
  const { id } = whichWebhook(settings.sinks, sink);
  const limit = options.limit ?? LIMIT;
  const { letters, dead } = withOutbox(dataDir, options, (outbox) => ({
    letters: outbox?.dead(id, { limit }) ?? [],
    dead: outbox?.counts(id).dead ?? 0,
  }));
  if (options.json) {
    terminal.print(JSON.stringify(letters.map(jsonOf), null, 2));
    return;
  }
  if (dead === 0) {
    terminal.note(`the webhook "${id}" has given nothing up`);
    return;
  }
  terminal.table([['GIVEN UP', 'EVENT', 'TYPE', 'DOOR', 'ATTEMPTS', 'WHY'], ...letters.map(cells)]);
  if (dead > letters.length) terminal.note(`and ${dead - letters.length} older ones; --limit shows more`);
}

const jsonOf = ({ event, attempts, deadAtMs, error }: DeadLetter) => ({
  event,
  attempts,
  deadAt: new Date(deadAtMs).toISOString(),
  error,
});

const cells = ({ event, attempts, deadAtMs, error }: DeadLetter): string[] => [
  new Date(deadAtMs).toISOString(),
  event.id,
  event.type,
  event.door ?? '–',
  String(attempts),
  error,
];

function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MOST) return number;
  throw new AppError('USAGE', `--limit must be a whole number, 1 to ${MOST}, got "${text}"`);
}
