import { join } from 'node:path';
import { AppError } from '../../config/app-error.ts';
import { type LoadedTenant, loadTenants } from '../../config/load-tenants.ts';
import type { Settings } from '../../config/settings-schema.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { openGateway } from '../../tenants/gateway/open-gateway.ts';
import { Supervisor } from '../../tenants/supervisor.ts';
import type { CommandContext } from './command-context.ts';
import { consoleDir } from './console-dir.ts';
import type { openLog } from './log.ts';
import type { CommandSettings } from './settings-options.ts';
import { watchSettings } from './watch-settings.ts';

/** What the gateway was started with, whatever the file says later. */
const OF_THE_GATEWAY = ['dataDir', 'ffmpeg', 'server', 'keys', 'log'] as const satisfies readonly (keyof Settings)[];

/**
 * Runs a gateway and a process a tenant until SIGTERM or SIGINT; stops them in order. A second signal ends this process at
 * once, and the tenants notice.
 */
export async function serveTenants(o: {
  read: CommandSettings;
  readAgain: () => CommandSettings;
  log: ReturnType<typeof openLog>;
  context: CommandContext;
}): Promise<void> {
  const { read, log } = o;
  const { terminal, env, version } = o.context;
  const { settings, dataDir } = read;
  const tenants = loadTenants(read.loaded, env);
  for (const { entry, warnings } of tenants) for (const said of warnings) log.warn({ tenant: entry.id }, said);
  if (env.FACEGATE_GALLERY_KEY) {
    log.warn(
      {},
      'FACEGATE_GALLERY_KEY is not used: each tenant has a key of its own (gallery.keyFile, or gallery.key in its folder)',
    );
  }
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        resolve(signal);
      });
    }
  });
  let address = '';
  await using supervisor = new Supervisor({
    gateway: settings,
    baseDir: read.baseDir,
    tenants,
    dataDir,
    modelsDir: join(dataDir, 'models'),
    mirrors: read.mirrors,
    modelsFolder: read.modelsFolder,
    consoleDir: consoleDir(),
    version,
    env,
    clock: systemClock,
    log,
    adminKey: (tenant, key) => {
      terminal.print(`admin key of ${tenant}, shown this once: ${key}`);
      terminal.print(`log in with it at ${address}/${tenant}/`);
    },
    progress: (tenant, model, done, total) => terminal.progress(`${tenant}: fetching ${model}`, done, total),
  });
  const gateway = await openGateway({
    settings,
    baseDir: read.baseDir,
    directory: supervisor,
    version,
    log,
    clock: systemClock,
  });
  address = gateway.address;
  const printed = new Map<string, string>();
  const said = supervisor.changes.subscribe(({ id, state, problem }) => {
    const where = state === 'ready' ? `: ${address}/${id}/` : '';
    const line = `tenant ${id} is ${STATE_WORDS[state]}${where}${problem ? ` (${problem.message})` : ''}`;
    if (printed.get(id) !== line) terminal.print(line);
    printed.set(id, line);
  });
  let stopping = false;
  const started = supervisor.start().then(() => {
    if (stopping) return;
    const ready = supervisor.list().filter((tenant) => tenant.view().state === 'ready').length;
    terminal.print(
      `facegate ${version} is watching: ${address} (${ready} of ${supervisor.list().length} tenants ready)`,
    );
  });
  const reload = () => {
    try {
      log.info({}, 'reading the settings again');
      const loaded = readForTenants(o.readAgain(), settings, env, log);
      watch(loaded);
      supervisor.apply(loaded);
    } catch (error) {
      const { code, message } = AppError.from(error, 'CONFIG_INVALID');
      log.error({ code }, `the settings stay as they were: ${message}`);
    }
  };
  let stopWatching = () => {};
  let watched = '';
  const watch = (loaded: readonly LoadedTenant[]) => {
    const files = [read.file, ...loaded.map(({ file }) => file)].filter((file) => file !== null);
    if (files.join('\n') === watched) return;
    watched = files.join('\n');
    stopWatching();
    stopWatching = watchSettings(files, reload);
  };
  watch(tenants);
  const signal = await stopped;
  stopping = true;
  stopWatching();
  log.info({ signal }, 'stopping');
  // Together: what is under way ends as its tenant closes, and nothing new gets in.
  await Promise.all([gateway.close(), supervisor.close(), started]);
  said.unsubscribe();
}

function readForTenants(
  { loaded, settings }: CommandSettings,
  started: Settings,
  env: CommandContext['env'],
  log: ReturnType<typeof openLog>,
): readonly LoadedTenant[] {
  if (settings.tenants.length === 0) {
    throw new AppError('CONFIG_INVALID', 'there are no tenants any more: restart facegate');
  }
  const changed = OF_THE_GATEWAY.filter((key) => JSON.stringify(settings[key]) !== JSON.stringify(started[key]));
  if (changed.length > 0)
    log.warn({ settings: changed }, `a restart is needed for what changed in ${changed.join(', ')}`);
  const { server, log: logSettings, ffmpeg } = started;
  return loadTenants({ ...loaded, settings: { ...settings, server, log: logSettings, ffmpeg } }, env);
}

const STATE_WORDS = {
  starting: 'starting',
  ready: 'ready',
  draining: 'closing',
  waiting: 'down, and tried again',
  crash_loop: 'down again and again, and tried at longer intervals',
  refused: 'not started',
  stopped: 'stopped',
} as const;
