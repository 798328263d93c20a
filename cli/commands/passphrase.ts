import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import type { CommandContext } from './command-context.ts';

export interface PassphraseOptions {
  passphraseFile?: string;
}

const VARIABLE = 'FACEGATE_ARCHIVE_PASSPHRASE';
/** What seals faces for years is tried by machines. */
const LEAST_CHARACTERS = 12;

export function addPassphraseOption(command: Command): Command {
  return command.option(
    '--passphrase-file <file>',
    `file with the passphrase in its first line (default: ${VARIABLE}, else asked for)`,
  );
}

/**
 * The passphrase of an archive: from the file, the environment, or whoever sits at the terminal. It never stands in an
 * argument, which every user of the machine could read.
 *
 * @param purpose `new`: it is asked for twice, and must be long enough.
 * @throws {AppError} USAGE
 */
export async function readPassphrase(
  { passphraseFile }: PassphraseOptions,
  { env }: Pick<CommandContext, 'env'>,
  purpose: 'new' | 'known',
): Promise<string> {
  const passphrase = passphraseFile === undefined ? (env[VARIABLE] ?? (await ask(purpose))) : fromFile(passphraseFile);
  if (passphrase === '') throw new AppError('USAGE', 'the passphrase must not be empty');
  if (purpose === 'new' && [...passphrase].length < LEAST_CHARACTERS) {
    throw new AppError('USAGE', `the passphrase must have at least ${LEAST_CHARACTERS} characters`);
  }
  return passphrase;
}

function fromFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0] ?? '';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new AppError('USAGE', `the passphrase file ${file} cannot be read (${code})`, { cause: error });
  }
}

async function ask(purpose: 'new' | 'known'): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new AppError('USAGE', `a passphrase is needed: set ${VARIABLE}, or give --passphrase-file`);
  }
  const first = await askOnce('passphrase: ');
  if (purpose === 'new' && (await askOnce('once more: ')) !== first) {
    throw new AppError('USAGE', 'the two passphrases are not the same');
  }
  return first;
}

/** What is typed is not shown. */
async function askOnce(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return await new Promise<string>((answered, ended) => {
      lines.once('line', answered);
      lines.once('close', () => ended(new AppError('USAGE', 'no passphrase was given')));
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
