import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { AppError } from '../../config/app-error.ts';
import { addAuditCommand } from './audit.ts';
import { addBackupCommands } from './backup.ts';
import { addCamerasCommand } from './cameras.ts';
import type { CommandContext } from './command-context.ts';
import { addDemoCommand } from './demo.ts';
import { addDoctorCommand } from './doctor.ts';
import { addDoorsCommand } from './doors.ts';
import { addEnrollCommand } from './enroll.ts';
import { addGalleryCommand } from './gallery.ts';
import { addGpuCommand } from './gpu.ts';
import { addKeysCommand } from './keys.ts';
import { addModelsCommand } from './models.ts';
import { addServeCommand } from './serve.ts';
import { addSinksCommand } from './sinks.ts';
import { addTenantsCommand } from './tenants.ts';
import { openTerminal } from './terminal.ts';

/** What the process ends with. A supervisor restarts on 1 and must not restart on 78 (EX_CONFIG of sysexits.h). */
export const EXIT = { ok: 0, failed: 1, usage: 2, wrongSettings: 78 } as const;

const { version } = JSON.parse(readFileSync(packageFile(), 'utf8')) as { version: string };

/** Runs the command line; sets `process.exitCode` and never throws. */
export async function run(args: readonly string[]): Promise<void> {
  outliveReaders();
  const terminal = openTerminal();
  try {
    await commandLine({ terminal, version, env: process.env }).parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeFor(error, (line) => terminal.note(line));
  }
}

/** `facegate … | head` has read enough: what there is to do is done all the same, and nobody hears of it. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** Every command with its options; parsing runs one. */
export function commandLine(context: CommandContext): Command {
  const program = new Command('facegate')
    .description('Live face recognition on camera streams: who is it, and may they pass?')
    .version(context.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .showSuggestionAfterError()
    .showHelpAfterError('(facegate --help shows what there is)')
    .exitOverride()
    .addHelpText(
      'after',
      `
Start here:
  facegate demo                                     faces from a film, on a page in the browser
  facegate serve --camera rtsp://user@10.0.0.5/s1   one camera, no configuration file
  facegate serve --config facegate.yaml             cameras, doors, keys
  facegate enroll "Ada Lovelace" ada.jpg            make a person known
  facegate doctor                                   what is wrong with this machine, and what to type

Environment:
  FACEGATE_HOME          where models, gallery and events are kept (default ~/.local/share/facegate)
  FACEGATE_MODELS_DIR    a folder with model files, looked into before all others but the data folder's
  FACEGATE_MODEL_MIRROR  folders or URLs with model files, separated by commas
  FACEGATE_GALLERY_KEY   the key that the gallery is sealed under, base64 of 32 bytes (default: gallery.key in the data folder)
  FACEGATE_ARCHIVE_PASSPHRASE  the passphrase of exports and backups
  FFMPEG_PATH            the ffmpeg to use (default: the one on the PATH, else the one in the package)`,
    );
  program.configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'facegate: ')) });
  addServeCommand(program, context);
  addDemoCommand(program, context);
  addEnrollCommand(program, context);
  addGalleryCommand(program, context);
  addAuditCommand(program, context);
  addKeysCommand(program, context);
  addSinksCommand(program, context);
  addTenantsCommand(program, context);
  addBackupCommands(program, context);
  addModelsCommand(program, context);
  addCamerasCommand(program, context);
  addDoorsCommand(program, context);
  addDoctorCommand(program, context);
  addGpuCommand(program, context);
  for (const command of program.commands) inheritOutput(command, program);
  return program;
}

function inheritOutput(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inheritOutput(child, command);
}

function exitCodeFor(error: unknown, say: (line: string) => void): number {
  // Commander has said what was wrong already; help and version come this way too, with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const known = AppError.from(error);
  for (const line of known.message.split('\n')) say(`facegate: ${line}`);
  if (known.code === 'INTERNAL' && error instanceof Error && error.stack) say(error.stack);
  if (known.code === 'USAGE') return EXIT.usage;
  return WRONG_SETTINGS.has(known.code) ? EXIT.wrongSettings : EXIT.failed;
}

const WRONG_SETTINGS: ReadonlySet<string> = new Set([
  'CONFIG_INVALID',
  'CONFIG_NOT_FOUND',
  'CONFIG_SECRET_MISSING',
  'MODEL_UNKNOWN',
  'MODEL_CONTRACT_MISMATCH',
  'MODEL_PROVIDER_UNAVAILABLE',
  'SOURCE_URL_INVALID',
]);

/** `package.json` lies two folders up in a checkout and three in `dist/`. */
function packageFile(): URL {
  const inDist = import.meta.url.endsWith('.js');
  return new URL(inDist ? '../../../package.json' : '../../package.json', import.meta.url);
}
