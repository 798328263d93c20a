import { join } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import { KEY_SCOPES, type KeyScope, scopeExpectation } from '../../config/key-scopes.ts';
import type { AuditTrail } from '../../pipeline/audit.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { type KeyRecord, type KeyStore, openKeyStore } from '../../server/callers/key-store.ts';
import { isoTime } from '../../server/iso-time.ts';
import { openAuditLog } from '../../storage/audit-log.ts';
import type { CommandContext } from './command-context.ts';
import { commandLineCaller } from './command-line-caller.ts';
import { openLog } from './log.ts';
import { addSettingsOptions, collect, readSettings, type SettingsOptions } from './settings-options.ts';

interface CreateOptions extends SettingsOptions {
  scope?: string[];
  perMinute?: number;
}

interface ListOptions extends SettingsOptions {
  json?: boolean;
}

interface RevokeOptions extends SettingsOptions {
  last?: boolean;
}

const MOST_PER_MINUTE = 1_000_000;

export function addKeysCommand(program: Command, context: CommandContext): void {
  const keys = program
    .command('keys')
    .summary('make, list and revoke the keys that programs call with')
    .description('The keys that programs and people call facegate with. A running facegate follows within a second.');
  addSettingsOptions(
    keys
      .command('create')
      .summary('make a key and print it, this once')
      .description(
        'Makes a key and prints it on standard output. It is stored hashed: this is the only time it is seen.',
      )
      .argument('<name>', 'who holds it; unique')
      .option('--scope <scope>', `what it may do: ${KEY_SCOPES.join(', ')}; may be given several times`, collect)
      .option('--per-minute <requests>', "requests it may make in a minute (default: the server's)", perMinute)
      .addHelpText(
        'after',
        `
Scopes:
  read        live view, events, cameras, doors, subjects
  recognize   /recognize, /search, /detect, /compare, …
  enroll      change who is known
  door        open doors by hand, lock them down, release them
  admin       everything; the very first key must have it

Examples:
  facegate keys create boss --scope admin
  WALL_KEY=$(facegate keys create wall --scope read)`,
      ),
  ).action((name: string, options: CreateOptions) => create(name, options, context));
  addSettingsOptions(
    keys
      .command('list')
      .summary('show the keys, without the keys themselves')
      .description('Shows every key: those that were made and those of the settings. Never a key itself.')
      .option('--json', 'print the list as JSON'),
  ).action((options: ListOptions) => list(options, context));
  addSettingsOptions(
    keys
      .command('revoke')
      .summary('end a key')
      .description('Ends a key, with its sessions and open WebSockets.')
      .argument('<key>', 'its id or its name, as facegate keys list shows them')
      .option('--last', 'also the last one that may do everything'),
  ).action((key: string, options: RevokeOptions) => revoke(key, options, context));
}

function create(name: string, options: CreateOptions, context: CommandContext): void {
  const scopes = scopesFrom(options.scope ?? []);
  withKeys(options, context, (keys, audit) => {
    if (keys.isEmpty && !scopes.includes('admin')) {
      throw new AppError(
        'USAGE',
        'the first key must have the scope admin, or nobody could make another: facegate keys create boss --scope admin',
      );
    }
    const rateLimit = options.perMinute === undefined ? null : { perMinute: options.perMinute };
    const { id, key } = keys.create({ name, scopes, rateLimit });
    const made = keys.get(id)?.name ?? name;
    try {
      const details = { id, name: made, scopes: scopes.join(' '), perMinute: rateLimit?.perMinute ?? null };
      audit.record({ action: 'key.created', by: commandLineCaller(), subject: null, details });
    } catch (error) {
      // Nobody was shown it: nobody shall have it.
      keys.revoke(id, { evenLast: true });
      throw error;
    }
    context.terminal.note(`the key of "${made}" (${scopes.join(', ')}), shown this once:`);
    context.terminal.print(key);
  });
}

function list(options: ListOptions, context: CommandContext): void {
  const { terminal } = context;
  withKeys(options, context, (keys) => {
    if (options.json) {
      terminal.print(JSON.stringify(keys.list().map(jsonOf), null, 2));
      return;
    }
    if (keys.isEmpty) {
      terminal.note('there is no key: facegate answers this machine only, which may do everything');
      return;
    }
    terminal.table([['NAME', 'SCOPES', 'PER MINUTE', 'MADE', 'LAST USED', 'ID'], ...keys.list().map(rowOf)]);
  });
}

function revoke(which: string, options: RevokeOptions, context: CommandContext): void {
  withKeys(options, context, (keys, audit) => {
    const { id, name } = revoked(keys, idOf(which, keys.list()), options.last ?? false);
    audit.record({ action: 'key.revoked', by: commandLineCaller(), subject: null, details: { id, name } });
    context.terminal.note(`the key of "${name}" is revoked`);
    if (keys.isEmpty) context.terminal.note('there is no key any more: this machine may do everything');
  });
}

function withKeys(
  options: SettingsOptions,
  context: CommandContext,
  work: (keys: KeyStore, audit: AuditTrail) => void,
): void {
  const { settings, dataDir } = readSettings(options, context);
  const clock = systemClock;
  const audit = openAuditLog({ file: join(dataDir, 'audit.db'), clock });
  try {
    const log = openLog(options.logLevel ?? 'warn');
    const keys = openKeyStore({ file: join(dataDir, 'keys.db'), configured: settings.keys, clock, log });
    try {
      work(keys, audit);
    } finally {
      keys.close();
    }
  } finally {
    audit.close();
  }
}

function scopesFrom(given: readonly string[]): KeyScope[] {
  if (given.length === 0) throw new AppError('USAGE', `--scope is missing: what may it do? ${KEY_SCOPES.join(', ')}`);
  return [...new Set(given)].map((text) => {
    const scope = KEY_SCOPES.find((known) => known === text);
    if (scope) return scope;
    throw new AppError('USAGE', `--scope ${scopeExpectation(text)}, got "${text}"`);
  });
}

function perMinute(text: string): number {
  const requests = Number(text);
  if (Number.isInteger(requests) && requests >= 1 && requests <= MOST_PER_MINUTE) return requests;
  throw new AppError('USAGE', `--per-minute must be a whole number, 1 to ${MOST_PER_MINUTE}, got "${text}"`);
}

/** An older facegate may have given one name to several. */
function idOf(which: string, keys: readonly KeyRecord[]): string {
  if (keys.some(({ id }) => id === which)) return which;
  const named = keys.filter(({ name }) => name === which);
  if (named.length > 1) throw new AppError('USAGE', `there are ${named.length} keys named "${which}"; give an id`);
  if (named[0]) return named[0].id;
  throw new AppError(
    'KEY_NOT_FOUND',
    `there is no key with the id or name "${which.slice(0, 64)}"; see facegate keys list`,
  );
}

function revoked(keys: KeyStore, id: string, evenLast: boolean): ReturnType<KeyStore['revoke']> {
  try {
    return keys.revoke(id, { evenLast });
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'KEY_LAST_ADMIN')) throw error;
    throw new AppError('KEY_LAST_ADMIN', `${error.message}, or say --last`, { cause: error });
  }
}

function jsonOf({ createdAtMs, lastUsedAtMs, ...key }: KeyRecord) {
  return { ...key, createdAt: isoTime(createdAtMs), lastUsedAt: isoTime(lastUsedAtMs) };
}

function rowOf({ id, name, scopes, origin, rateLimit, createdAtMs, lastUsedAtMs }: KeyRecord): string[] {
  const limit = rateLimit === null ? '–' : String(rateLimit.perMinute);
  const made = origin === 'config' ? 'in the settings' : (isoTime(createdAtMs) ?? '–');
  return [name, scopes.join(','), limit, made, isoTime(lastUsedAtMs) ?? '–', id];
}
