import { constants } from 'node:os';
import { AppError } from '../../config/app-error.ts';
import { deviceEnvironment } from '../../config/device-environment.ts';
import type { Settings } from '../../config/settings-schema.ts';
import type { FrameTracer } from '../../pipeline/frame-trace.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { openTenant, type Tenant, type TenantOptions } from '../../server/tenant.ts';
import type { CommandContext } from './command-context.ts';
import { consoleDir } from './console-dir.ts';
import type { openLog } from './log.ts';
import type { CommandSettings } from './settings-options.ts';
import { watchSettings } from './watch-settings.ts';

export interface RunTenantOptions extends Omit<CommandSettings, 'loaded' | 'entry'> {
  /** The only one of `tenants:`. Default: there are none. */
  tenant?: Pick<TenantOptions, 'tenant' | 'tenantName' | 'limits'> & {
    /** What its processes see of the environment besides. */
    environment: Readonly<Record<string, string>>;
  };
  /** Allow the starter models where the real ones cannot be had. */
  starter: boolean;
  log: ReturnType<typeof openLog>;
  context: CommandContext;
  /** Follows frames on their way. Default: nobody does. */
  tracer?: FrameTracer;
  /** Between opening and watching: everything works, nothing listens and no camera runs yet. */
  prepare?: (tenant: Tenant) => Promise<void>;
  /** Reads the settings anew, as the command line and the file say now; they are watched where it is given. */
  readAgain?: () => Settings;
  /** After the first address is known. */
  listening?: (address: string) => void;
}

/**
 * Opens a tenant, runs it until SIGTERM or SIGINT, closes it in order. A second signal, or one before it watches, ends the
 * process at once.
 */
export async function runTenant(options: RunTenantOptions): Promise<void> {
  const { context, log, settings, baseDir, dataDir, mirrors, starter } = options;
  const { terminal, env, version } = context;
  const { environment, ...tenantOptions } = options.tenant ?? { environment: {} };
  const visible = { ...deviceEnvironment(env), ...environment };
  let watching = false;
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        // Nothing is under way that would have to be finished, and fetching models may take minutes.
        if (!watching) process.exit(128 + constants.signals[signal]);
        process.once(signal, () => process.exit(130));
        resolve(signal);
      });
    }
  });
  await using tenant = await openTenant({
    settings,
    baseDir,
    dataDir,
    modelsDir: options.modelsDir,
    mirrors,
    modelsFolder: options.modelsFolder,
    starter,
    galleryKey: options.galleryKey,
    ffmpegPath: settings.ffmpeg ?? env.FFMPEG_PATH,
    pathVariable: env.PATH,
    ffmpegEnvironment: visible,
    inferenceEnvironment: visible,
    ...tenantOptions,
    consoleDir: consoleDir(),
    version,
    clock: systemClock,
    log,
    tracer: options.tracer,
    onProgress: (model, done, total) => terminal.progress(`fetching ${model}`, done, total),
  });
  await options.prepare?.(tenant);
  watching = true;
  const { address, adminKey } = await tenant.start();
  if (adminKey !== null) {
    terminal.print(`admin key, shown this once: ${adminKey}`);
    terminal.print(`log in with it at ${address}`);
  }
  terminal.print(`facegate ${version} is watching: ${address}`);
  options.listening?.(address);
  const { readAgain } = options;
  const stopWatching =
    readAgain && watchSettings(options.file === null ? [] : [options.file], () => reload(tenant, readAgain, log));
  // Opening may have taken minutes: what was changed meanwhile was seen by nobody.
  if (readAgain) reload(tenant, readAgain, log);
  const signal = await stopped;
  stopWatching?.();
  log.info({ signal }, 'stopping');
}

function reload({ hotSettings }: Tenant, readAgain: () => Settings, log: RunTenantOptions['log']): void {
  try {
    log.info({}, 'reading the settings again');
    hotSettings.apply(readAgain());
  } catch (error) {
    hotSettings.refuse(AppError.from(error, 'CONFIG_INVALID'));
  }
}
