import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import { openLog } from './log.ts';
import { runTenant } from './run-tenant.ts';
import { addSettingsOptions, collect, portNumber, readSettings, type SettingsOptions } from './settings-options.ts';

export function addServeCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('serve')
    .summary('watch cameras and serve the console, the API and the feeds')
    .description('Watch cameras and serve the console, the API and the feeds until SIGTERM or Ctrl-C.')
    .option('--camera <url>', 'a camera, as URL or id=URL; may be given several times', collect)
    .option('--host <address>', 'address to listen on (default 127.0.0.1: this machine only)')
    .option('-p, --port <number>', 'port to listen on (default 8080; 0: any free one)', portNumber)
    .addHelpText(
      'after',
      `
Examples:
  facegate serve --camera rtsp://user:password@10.0.0.5/stream1
  facegate serve --camera front=rtsp://10.0.0.5/s1 --camera desk=webcam:/dev/video0
  facegate serve --config facegate.yaml
  FRONT_PASSWORD=… facegate serve --config facegate.yaml   # keeps the password out of the process list`,
    );
  addSettingsOptions(command).action((options: SettingsOptions) => serve(options, context));
}

async function serve(options: SettingsOptions, context: CommandContext): Promise<void> {
  const read = readSettings(options, context);
  const log = openLog(read.settings.log.level);
  for (const warning of read.warnings) log.warn({}, warning);
  const readAgain = () => readSettings(options, context).settings;
  await runTenant({ ...read, starter: false, log, context, readAgain });
}
