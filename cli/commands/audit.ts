import { join } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import { parseDuration } from '../../config/duration.ts';
import { AUDIT_ACTIONS, type AuditAction, type AuditDetails, type AuditRecord } from '../../pipeline/audit.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { ChainLink } from '../../storage/audit-chain.ts';
import { openAuditLog } from '../../storage/audit-log.ts';
import { verifyAuditLog } from '../../storage/verify-audit-log.ts';
import type { CommandContext } from './command-context.ts';
import { addSettingsOptions, collect, readSettings, type SettingsOptions } from './settings-options.ts';

interface VerifyOptions extends SettingsOptions {
  expect?: string;
  json?: boolean;
}

interface ListOptions extends SettingsOptions {
  since?: string;
  action?: string[];
  json?: boolean;
}

/** Entries read at once. */
const PAGE = 1000;

export function addAuditCommand(program: Command, context: CommandContext): void {
  const audit = program
    .command('audit')
    .summary('who did what to people, keys and rules, and whether that log is whole')
    .description(
      'The audit log: who enrolled, looked at, exported and deleted people, and who changed keys and rules.',
    );
  addSettingsOptions(
    audit
      .command('verify')
      .summary('check that no entry was changed, moved or taken out')
      .description(
        'Follows the audit log from its first entry to its last and names the first one that is not as facegate wrote it. ' +
          'Prints the last entry with its hash: note it elsewhere, and give it to --expect another day. Ends with 1 where ' +
          'something is wrong. What this proves, and what it does not: docs/security.md.',
      )
      .option('--expect <number:hash>', 'an entry that was noted before, which must still be there')
      .option('--json', 'print the result as JSON'),
  ).action((options: VerifyOptions) => verify(options, context));
  addSettingsOptions(
    audit
      .command('list')
      .summary('print the entries, oldest first')
      .description('Prints the entries of the audit log, oldest first.')
      .option('--since <when>', 'from this moment on: 2026-11-21, 2026-11-21T09:00:00Z, or how long ago: 12h, 7d')
      .option('--action <name>', 'only such entries; may be given several times', collect)
      .option('--json', 'print one JSON object a line')
      .addHelpText('after', `\nActions:\n  ${AUDIT_ACTIONS.join('\n  ')}`),
  ).action((options: ListOptions) => list(options, context));
}

function verify(options: VerifyOptions, context: CommandContext): void {
  const { terminal } = context;
  const { dataDir } = readSettings(options, context);
  const expected = options.expect === undefined ? undefined : linkFrom(options.expect);
  const { entries, last, problem } = verifyAuditLog(join(dataDir, 'audit.db'), expected);
  if (problem !== null) process.exitCode = 1;
  if (options.json) {
    terminal.print(JSON.stringify({ ok: problem === null, entries, last, problem }));
    return;
  }
  const whole = `${entries} ${entries === 1 ? 'entry' : 'entries'}`;
  if (problem === null) terminal.print(`the audit log is whole: ${whole}, the last is ${last.number}:${last.hash}`);
  else terminal.print(`the audit log is NOT whole: ${problem} (${whole} before that in order)`);
}

function linkFrom(text: string): ChainLink {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text);
  if (match) return { number: Number(match[1]), hash: (match[2] as string).toLowerCase() };
  throw new AppError('USAGE', `--expect must be a number and 64 hexadecimal digits, like 41:0a1b…, got "${text}"`);
}

function list(options: ListOptions, context: CommandContext): void {
  const { terminal } = context;
  const { dataDir } = readSettings(options, context);
  const actions = options.action?.map(actionFrom);
  const sinceMs = options.since === undefined ? undefined : momentFrom(options.since);
  const log = openAuditLog({ file: join(dataDir, 'audit.db'), clock: systemClock });
  try {
    let after = 0;
    for (;;) {
      const page = log.read({
        after,
        limit: PAGE,
        ...(actions && { actions }),
        ...(sinceMs !== undefined && { sinceMs }),
      });
      for (const record of page) terminal.print(options.json ? JSON.stringify(jsonOf(record)) : lineOf(record));
      if (page.length < PAGE) return;
      after = page.at(-1)?.number ?? after;
    }
  } finally {
    log.close();
  }
}

function actionFrom(text: string): AuditAction {
  const known = AUDIT_ACTIONS.find((action) => action === text);
  if (known) return known;
  throw new AppError('USAGE', `--action must be one of ${AUDIT_ACTIONS.join(', ')}, got "${text}"`);
}

function momentFrom(text: string): number {
  const ago = parseDuration(text);
  const moment = ago === null ? Date.parse(text) : systemClock.wallMs() - ago;
  if (Number.isFinite(moment)) return moment;
  throw new AppError('USAGE', `--since must be a date like 2026-11-21 or a duration like 7d, got "${text}"`);
}

function jsonOf({ number, atMs, action, by, subject, details, hash }: AuditRecord) {
  return { number, at: new Date(atMs).toISOString(), action, by, subject, details, hash };
}

function lineOf({ number, atMs, action, by, subject, details }: AuditRecord): string {
  const about = subject === null ? '' : `  subject ${subject}`;
  return `${number}  ${new Date(atMs).toISOString()}  ${action}  by ${by}${about}${wordsOf(details)}`;
}

function wordsOf(details: AuditDetails): string {
  // As JSON: what was typed somewhere must not end a line here, nor speak to the terminal.
  const words = Object.entries(details).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return words.length === 0 ? '' : `  ${words.join(' ')}`;
}
