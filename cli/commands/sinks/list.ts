import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { openEventLog } from '../../../access/event-log.ts';
import { redact } from '../../../config/redact.ts';
import type { SinkSettings } from '../../../config/sink-settings.ts';
import { silentLog } from '../../../pipeline/silent-log.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import type { WebhookOutbox } from '../../../server/sinks/webhook-outbox.ts';
import type { CommandContext } from '../command-context.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from '../settings-options.ts';
import { withOutbox } from './with-outbox.ts';

interface ListOptions extends SettingsOptions {
  json?: boolean;
}

/** What is on disk of a sink. How its connection is, only the running server knows (`GET /sinks`). */
interface SinkRow {
  readonly id: string;
  readonly type: string;
  /** Without credentials, and of a webhook without the path, which may be as secret. */
  readonly to: string;
  /** Number of the last event that it needs no more; null before it ran. */
  readonly cursor: number | null;
  readonly behind: number | null;
  /** Of webhooks: what they took over and did not deliver yet, and what they gave up. */
  readonly waiting: number | null;
  readonly dead: number | null;
  /** ISO 8601; null while it is sent to. */
  readonly disabledAt: string | null;
  readonly disabledReason: string | null;
}

export function addListCommand(sinks: Command, context: CommandContext): void {
  const command = sinks
    .command('list')
    .summary('where events go, and how far each sink has got')
    .description(
      'Shows the sinks of the settings and how far each has got, with or without a running facegate. How their ' +
        'connections are, only that facegate knows: GET /sinks.',
    )
    .option('--json', 'print the list as JSON');
  addSettingsOptions(command).action((options: ListOptions) => run(options, context));
}

function run(options: ListOptions, context: CommandContext): void {
  const { terminal } = context;
  const { settings, dataDir } = readSettings(options, context);
  const places = placesOf(settings.sinks, join(dataDir, 'events.db'));
  const rows = withOutbox(dataDir, options, (outbox) => settings.sinks.map((sink) => rowOf(sink, places, outbox)));
  if (options.json) {
    terminal.print(JSON.stringify(rows, null, 2));
    return;
  }
  if (rows.length === 0) {
    terminal.note('the settings have no sinks; -c names the configuration file');
    return;
  }
  terminal.table([['ID', 'TYPE', 'TO', 'BEHIND', 'WAITING', 'DEAD', 'DISABLED'], ...rows.map(cells)]);
  for (const { id, disabledReason } of rows) {
    if (disabledReason !== null) terminal.note(`${id} is disabled: ${disabledReason}; facegate sinks enable ${id}`);
  }
}

type Places = ReadonlyMap<string, { readonly cursor: number; readonly behind: number }>;

function placesOf(sinks: readonly SinkSettings[], file: string): Places {
  if (!existsSync(file)) return new Map();
  const events = openEventLog({ file, clock: systemClock, log: silentLog });
  try {
    const last = events.lastSequence;
    return new Map(
      sinks.flatMap(({ id }) => {
        const cursor = events.cursor(id);
        return cursor === null ? [] : [[id, { cursor, behind: Math.max(0, last - cursor) }] as const];
      }),
    );
  } finally {
    void events.close();
  }
}

function rowOf(sink: SinkSettings, places: Places, outbox: WebhookOutbox | null): SinkRow {
  const { id, type } = sink;
  const { cursor = null, behind = null } = places.get(id) ?? {};
  const isWebhook = type === 'webhook';
  const { waiting, dead } = (isWebhook && outbox?.counts(id)) || { waiting: null, dead: null };
  const { disabledAtMs, reason } = (isWebhook && outbox?.endpoint(id)) || { disabledAtMs: null, reason: null };
  return {
    id,
    type,
    to: addressOf(sink),
    cursor,
    behind,
    waiting,
    dead,
    disabledAt: disabledAtMs === null ? null : new Date(disabledAtMs).toISOString(),
    disabledReason: reason,
  };
}

function addressOf(sink: SinkSettings): string {
  switch (sink.type) {
    case 'webhook':
      return new URL(sink.url).origin;
    case 'mqtt':
      return redact(sink.url);
    case 'file':
      return sink.path;
  }
}

function cells({ id, type, to, behind, waiting, dead, disabledAt }: SinkRow): string[] {
  return [
    id,
    type,
    to,
    ...[behind, waiting, dead].map((count) => (count === null ? '–' : String(count))),
    disabledAt ?? '–',
  ];
}
