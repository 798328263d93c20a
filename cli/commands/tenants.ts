import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import type { TenantView } from '../../tenants/tenant-contract.ts';
import { askGateway, type GatewayCallOptions } from './ask-gateway.ts';
import type { CommandContext } from './command-context.ts';
import { sizeOf } from './terminal.ts';

interface ListOptions extends GatewayCallOptions {
  json?: boolean;
}

interface RestartOptions extends GatewayCallOptions {
  all?: boolean;
}

/** A tenant that is not ready by then has something that keeps it. */
const READY_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 200;

/** `facegate tenants …` asks a gateway that runs, here or elsewhere. */
export function addTenantsCommand(program: Command, context: CommandContext): void {
  const tenants = program
    .command('tenants')
    .summary('how the tenants behind a gateway are doing; start one again')
    .description(
      'Asks a running gateway for its tenants. It is found by --url, or by the settings that it was started with.',
    );
  addGatewayOptions(
    tenants
      .command('list')
      .summary('the tenants, what they are doing, and why not')
      .description('Shows every tenant: its state, how often it was started again, its memory, and what is wrong.')
      .option('--json', 'print what the gateway says, as JSON'),
  ).action((options: ListOptions) => list(options, context));
  addGatewayOptions(
    tenants
      .command('restart')
      .summary('end one in order and start it again')
      .description(
        'Ends the process of a tenant in order, starts another, and waits until it is ready. The other tenants do not notice.',
      )
      .argument('[tenant]', 'its id, as facegate tenants list shows it')
      .option('--all', 'each of them, the next one when this one is ready again; ends at one that is not'),
  ).action((tenant: string | undefined, options: RestartOptions) => restart(tenant, options, context));
}

function addGatewayOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration file of the gateway: its address and its key')
    .option(
      '--url <address>',
      'where the gateway is (default: that of the configuration file, else http://127.0.0.1:8080)',
    )
    .option(
      '--key <key>',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what one types.
      "a key of the gateway; '${NAME}' takes it from the environment (default: one of the configuration file)",
    )
    .addHelpText(
      'after',
      `
A key on the command line can be read by others on this machine: \${NAME} in single quotes is taken from the environment.

Examples:
  facegate tenants list -c facegate.yaml
  facegate tenants list --url https://gate.example --key '\${GATE_KEY}'
  facegate tenants restart access -c facegate.yaml
  facegate tenants restart --all -c facegate.yaml`,
    );
}

async function list(options: ListOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const { tenants } = (await askGateway('GET', '/tenants', options, context)) as { tenants: TenantView[] };
  if (options.json) {
    terminal.print(JSON.stringify(tenants, null, 2));
    return;
  }
  if (tenants.length === 0) {
    terminal.note('the gateway has no tenant');
    return;
  }
  terminal.table([['ID', 'STATE', 'DEVICE', 'PID', 'MEMORY', 'RESTARTS', 'SINCE'], ...tenants.map(cells)]);
  for (const { id, problem } of tenants) {
    if (problem) terminal.note(`${id}: ${problem.message} (${problem.code})`);
  }
}

const cells = ({ id, state, device, pid, memoryBytes, restarts, startedAt }: TenantView): string[] => [
  id,
  state,
  device,
  pid === null ? '–' : String(pid),
  memoryBytes === null ? '–' : sizeOf(memoryBytes),
  String(restarts),
  startedAt ?? '–',
];

async function restart(tenant: string | undefined, options: RestartOptions, context: CommandContext): Promise<void> {
  if ((tenant === undefined) !== (options.all === true)) {
    throw new AppError('USAGE', 'facegate tenants restart takes one tenant, or --all');
  }
  const { tenants } = (await askGateway('GET', '/tenants', options, context)) as { tenants: TenantView[] };
  // Only ids that the gateway itself has told become part of an address.
  const wanted = tenants.filter(({ id }) => tenant === undefined || id === tenant);
  if (tenant !== undefined && wanted.length === 0) {
    throw new AppError('TENANT_NOT_FOUND', `there is no tenant "${tenant}"`);
  }
  for (const before of wanted) await restartOne(before, options, context);
}

/** @throws {AppError} TENANT_UNAVAILABLE for one that was ready and is not again. */
async function restartOne(before: TenantView, options: RestartOptions, context: CommandContext): Promise<void> {
  const { id } = before;
  const from = performance.now();
  await askGateway('POST', `/tenants/${id}/restart`, options, context);
  for (;;) {
    const now = (await askGateway('GET', `/tenants/${id}`, options, context)) as TenantView;
    const seconds = Math.round((performance.now() - from) / 100) / 10;
    if (now.state === 'ready' && now.pid !== before.pid) {
      context.terminal.note(`${id} is ready again after ${seconds} s`);
      return;
    }
    const isGivenUp = now.state === 'refused' || now.state === 'crash_loop' || now.state === 'stopped';
    if (isGivenUp || seconds * 1000 > READY_WITHIN_MS) {
      const why = now.problem ? `: ${now.problem.message}` : '';
      const said = `${id} is not ready again after ${seconds} s (${now.state}${why})`;
      if (before.state === 'ready') throw new AppError('TENANT_UNAVAILABLE', said);
      // It was not before either.
      context.terminal.note(said);
      return;
    }
    await wait(LOOK_EVERY_MS);
  }
}
