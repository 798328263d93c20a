import { resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import { DEFAULT_TENANT } from '../../pipeline/access-event.ts';
import { logFilePlace, openLogFile } from '../../server/logs/open-log.ts';
import { TraceFile } from '../../sinks/trace-file.ts';
import type { CommandContext } from './command-context.ts';
import { openLog } from './log.ts';
import { onlyTenant } from './only-tenant.ts';
import { runTenant } from './run-tenant.ts';
import { serveTenants } from './serve-tenants.ts';
import {
  addFileOptions,
  collect,
  portNumber,
  readFileSettings,
  type SettingsOptions,
  wholeNumber,
} from './settings-options.ts';

const TRACE_SECONDS = 30;

interface ServeOptions extends SettingsOptions {
  trace?: string;
  traceSeconds?: number;
}

export function addServeCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('serve')
    .summary('watch cameras and serve the console, the API and the feeds')
    .description('Watch cameras and serve the console, the API and the feeds until SIGTERM or Ctrl-C.')
    .option('--camera <url>', 'a camera, as URL or id=URL; may be given several times', collect)
    .option('--host <address>', 'address to listen on (default 127.0.0.1: this machine only)')
    .option('-p, --port <number>', 'port to listen on (default 8080; 0: any free one)', portNumber)
    .option('--trace <file>', 'write what each frame spends its time on, for https://ui.perfetto.dev (written over)')
    .option(
      '--trace-seconds <n>',
      `how long, from the first frame on (default ${TRACE_SECONDS})`,
      wholeNumber('--trace-seconds', 1, 600),
    )
    .addHelpText(
      'after',
      `
Examples:
  facegate serve --camera rtsp://user:password@10.0.0.5/stream1
  facegate serve --camera front=rtsp://10.0.0.5/s1 --camera desk=webcam:/dev/video0
  facegate serve --config facegate.yaml                    # with "tenants:" in it, all of them, behind one gateway
  FRONT_PASSWORD=… facegate serve --config facegate.yaml   # keeps the password out of the process list
  facegate serve --config facegate.yaml --trace trace.json   # where the time of each frame goes`,
    );
  addFileOptions(command).action((options: ServeOptions) => serve(options, context));
}

async function serve(options: ServeOptions, context: CommandContext): Promise<void> {
  const read = readFileSettings(options, context);
  const { tenants } = read.settings;
  if (tenants.length > 1) {
    if (options.trace !== undefined) {
      throw new AppError('USAGE', '--trace follows the frames of one facegate, and here are several tenants');
    }
    await serveTenants({
      read,
      readAgain: () => readFileSettings(options, context),
      log: openLog(read.settings.log.level),
      context,
    });
    return;
  }
  const tenant = tenants[0]?.id ?? DEFAULT_TENANT;
  const place = logFilePlace(read.settings.log, { baseDir: read.baseDir, tenant });
  await using file = place && openLogFile(place);
  const log = openLog(read.settings.log.level, file);
  for (const warning of read.warnings) log.warn({}, warning);
  // Before anything else: what cannot be written is said at once, not when the first frame comes.
  await using tracer = openTrace(options, log);
  const again = () => readFileSettings(options, context);
  const rest = { starter: false, log, context, ...(tracer && { tracer }) };
  if (tenants.length === 0) await runTenant({ ...read, ...rest, readAgain: () => again().settings });
  else await runTenant({ ...rest, ...(await onlyTenant(read, { again, env: context.env, log })) });
}

function openTrace({ trace, traceSeconds }: ServeOptions, log: ReturnType<typeof openLog>): TraceFile | null {
  if (trace === undefined) {
    if (traceSeconds === undefined) return null;
    throw new AppError('USAGE', '--trace-seconds says how long; --trace FILE says where to');
  }
  return TraceFile.open({ file: resolve(trace), seconds: traceSeconds ?? TRACE_SECONDS, log });
}
