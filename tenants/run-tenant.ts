import { flushCompileCache } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { AppError } from '../config/app-error.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { openTenant, type Tenant } from '../server/tenant.ts';
import { countVisibleGpus } from './count-visible-gpus.ts';
import { openTenantLog } from './open-tenant-log.ts';
import { type FromTenant, type OpenMessage, REFUSED_EXIT_CODE, type ToTenant } from './tenant-messages.ts';
import { isRefusal } from './why-refused.ts';

const BEAT_EVERY_MS = 1000;
/** Nobody waits any more; what is in work is still finished, if it does not take for ever. */
const ORPHAN_CLOSES_WITHIN_MS = 10_000;

export interface TenantHost {
  /** `sent` is called when it is out, or never will be. */
  send(message: FromTenant, sent?: () => void): void;
  exit(code: number): void;
}

export interface RunningTenant {
  receive(message: ToTenant): void;
  /** The gateway is gone. */
  orphaned(): void;
}

/** A tenant as the gateway's messages want it, inside its own process. */
export function runTenant({ send, exit }: TenantHost): RunningTenant {
  let opening: Promise<Tenant | null> | null = null;
  let ending: Promise<void> | null = null;
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const beat = () => {
    send({ type: 'beat', eventLoopDelayMs: delay.max / 1e6 || 0 });
    delay.reset();
  };
  const beating = setInterval(beat, BEAT_EVERY_MS);

  const fail = (error: unknown) => {
    const { code, message, stack } = AppError.from(error);
    if (code === 'INTERNAL') process.stderr.write(`${stack}\n`);
    send({ type: 'refused', code, message }, () => exit(isRefusal(code) ? REFUSED_EXIT_CODE : 1));
  };

  const open = async (message: OpenMessage): Promise<Tenant | null> => {
    try {
      const tenant = await openAsAsked(message, send);
      if (ending) {
        await tenant.close();
        return null;
      }
      // A process that is killed would leave nothing for its successor.
      flushCompileCache();
      const { adminKey } = await tenant.start();
      const roles = tenant.roles();
      const visibleGpus = await countVisibleGpus(roles, message.environment);
      send({
        type: 'ready',
        adminKey,
        roles: roles.map(({ role, model, provider }) => ({ role, model, provider })),
        visibleGpus,
      });
      return tenant;
    } catch (error) {
      fail(error);
      return null;
    }
  };

  const end = (code: number): Promise<void> => {
    ending ??= (async () => {
      clearInterval(beating);
      const tenant = await opening;
      await tenant?.close();
    })().then(
      () => exit(code),
      (error) => {
        process.stderr.write(`${AppError.from(error).stack}\n`);
        exit(1);
      },
    );
    return ending;
  };

  const withTenant = (work: (tenant: Tenant) => void | Promise<void>) => {
    void opening?.then((tenant) => tenant && work(tenant)).catch(fail);
  };

  return {
    receive(message) {
      switch (message.type) {
        case 'open':
          opening ??= open(message);
          return;
        case 'settings':
          withTenant(({ hotSettings }) => {
            const restartNeeded = hotSettings.restartNeeded(message.settings);
            // A new process takes all of it; two halves at two times would be what nobody wrote.
            if (restartNeeded.length === 0) hotSettings.apply(message.settings);
            send({ type: 'settings-taken', restartNeeded });
          });
          return;
        case 'settings-refused':
          withTenant(({ hotSettings }) => hotSettings.refuse(new AppError('CONFIG_INVALID', message.message)));
          return;
        case 'metrics':
          withTenant(async (tenant) => send({ type: 'metrics', id: message.id, metrics: await tenant.metrics() }));
          return;
        case 'stop':
          void end(0);
          return;
      }
    },
    orphaned() {
      setTimeout(() => exit(1), ORPHAN_CLOSES_WITHIN_MS).unref();
      void end(0);
    },
  };
}

async function openAsAsked(message: OpenMessage, send: TenantHost['send']): Promise<Tenant> {
  const { environment, settings } = message;
  const log = openTenantLog({ file: message.logFile, level: settings.log.level, tenant: message.tenant });
  return openTenant({
    settings,
    tenant: message.tenant,
    tenantName: message.name,
    behind: { socketPath: message.socketPath, prefix: message.prefix },
    limits: message.limits,
    baseDir: message.baseDir,
    dataDir: message.dataDir,
    modelsDir: message.modelsDir,
    mirrors: message.mirrors,
    modelsFolder: message.modelsFolder,
    starter: message.starter,
    ffmpegPath: message.ffmpegPath,
    pathVariable: message.pathVariable,
    ffmpegEnvironment: environment,
    inferenceEnvironment: environment,
    consoleDir: message.consoleDir,
    version: message.version,
    clock: systemClock,
    log,
    onProgress: (model, done, total) => send({ type: 'progress', model, done, total }),
  });
}
