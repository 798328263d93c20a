import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import { type LoadedTenant, loadTenants } from '../../config/load-tenants.ts';
import { examine } from '../doctor/examine.ts';
import { examineTenants, warningOf } from '../doctor/examine-tenants.ts';
import { exitCodeOf, type Finding } from '../doctor/finding.ts';
import { report } from '../doctor/report.ts';
import { chooseTenant, devicesOf } from './choose-tenant.ts';
import type { CommandContext } from './command-context.ts';
import {
  addSettingsOptions,
  type CommandSettings,
  portNumber,
  readFileSettings,
  type SettingsOptions,
} from './settings-options.ts';

interface DoctorOptions extends SettingsOptions {
  json?: true;
}

export function addDoctorCommand(program: Command, context: CommandContext): void {
  addSettingsOptions(
    program
      .command('doctor')
      .summary('check this machine, and say what to type where something is wrong')
      .description(
        'Looks at Node, ffmpeg, drivers, execution providers, models, memory, disk, clock, port, data folder and the cameras of the configuration; with tenants, at the gateway and at each of them. Changes nothing and fetches nothing. Ends with 1 where something is wrong.',
      ),
  )
    .option('--port <number>', 'the port that facegate would listen on', portNumber)
    .option('--json', 'print the findings as JSON')
    .action((options: DoctorOptions) => doctor(options, context));
}

async function doctor(options: DoctorOptions, context: CommandContext): Promise<void> {
  const { terminal, env, version } = context;
  const findings: Finding[] = [];
  const { loaded, tenants } = readOrDefaults(options, context, findings);
  findings.push(...loaded.warnings.map(warningOf));
  if (tenants.length > 0) findings.push(...(await examineTenants(loaded, tenants, env)));
  else findings.push(...(await examine({ ...loaded, env: { ...env, ...(await devicesOrNone(loaded, findings)) } })));
  const exitCode = exitCodeOf(findings);
  if (options.json) {
    terminal.print(JSON.stringify({ version, ok: exitCode === 0, findings }, null, 2));
  } else {
    const { stdout } = process;
    const colours = stdout.isTTY && stdout.hasColors(env);
    const width = Math.min(stdout.columns ?? 80, 120);
    for (const line of report(findings, { width, colours })) terminal.print(line);
  }
  process.exitCode = exitCode;
}

/** Wrong settings are a finding like others: the machine is looked at all the same, with the defaults. */
function readOrDefaults(
  options: DoctorOptions,
  context: CommandContext,
  findings: Finding[],
): { loaded: CommandSettings; tenants: readonly LoadedTenant[] } {
  try {
    const read = readFileSettings(options, context);
    const isGateway = options.tenant === undefined && read.settings.tenants.length > 1;
    const tenants = isGateway ? loadTenants(read.loaded, context.env) : [];
    const loaded = isGateway ? read : chooseTenant(read, options.tenant, context.env);
    const found = loaded.file ?? 'no file; everything has its default';
    findings.push({ check: 'settings', state: 'ok', found });
    return { loaded, tenants };
  } catch (error) {
    const { message, code } = AppError.from(error);
    if (code === 'INTERNAL' || code === 'USAGE') throw error;
    const todo = 'correct the file; what follows was looked at with the defaults';
    findings.push({ check: 'settings', state: 'wrong', found: message, todo });
    const { data, port } = options;
    const defaults = { ...(data !== undefined && { data }), ...(port !== undefined && { port }) };
    return { loaded: readFileSettings(defaults, context), tenants: [] };
  }
}

/** Of the one tenant that is looked at. */
async function devicesOrNone({ entry }: CommandSettings, findings: Finding[]): Promise<Record<string, string>> {
  try {
    return await devicesOf(entry?.device);
  } catch (error) {
    const { message } = AppError.from(error);
    findings.push({ check: 'device', state: 'wrong', found: message, todo: 'facegate gpu list' });
    return {};
  }
}
