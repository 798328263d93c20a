import { dirname, resolve } from 'node:path';
import { AppError } from './app-error.ts';
import { devicesOutside, keysOfTheGateway } from './check-tenants.ts';
import { checkSettings, type LoadedSettings } from './load-settings.ts';
import { readYaml, type YamlFile } from './read-yaml.ts';
import type { Settings } from './settings-schema.ts';
import type { TenantEntry } from './tenant-settings.ts';

/** One tenant as the gateway's file has it, with its own settings where they can be read. */
export interface LoadedTenant {
  readonly entry: TenantEntry;
  /** What relative paths of its settings are relative to. */
  readonly baseDir: string;
  /** The file that its settings stand in, if it has one of its own. */
  readonly file: string | null;
  /** Its settings, or why there are none: one tenant's slip is no reason to stop the others. */
  readonly settings: Settings | AppError;
  readonly warnings: readonly string[];
}

/**
 * Reads the settings of each tenant, each by itself. `server.host`, `port`, `tls` and `trustedProxies` in them are the gateway's, and
 * `log.level` and `ffmpeg` are where it says nothing.
 *
 * @throws {AppError} CONFIG_INVALID where two of them would write the same file or take the same key for their gallery.
 */
export function loadTenants(
  gateway: LoadedSettings,
  env: Readonly<Record<string, string | undefined>>,
): readonly LoadedTenant[] {
  const loaded = gateway.settings.tenants.map((entry, i): LoadedTenant => {
    const file = entry.config === undefined ? null : resolve(gateway.baseDir, entry.config);
    const baseDir = file === null ? gateway.baseDir : dirname(file);
    try {
      const yaml = file === null ? part(gateway.yaml, ['tenants', i, 'settings']) : readYaml(file);
      const { settings, warnings } = checkSettings({
        // Inline ones are relative to the gateway's file.
        file: file ?? gateway.file,
        yaml,
        env,
        written: keysOfTheGateway,
        checked: (settings) => devicesOutside(settings, entry.device),
      });
      return {
        entry,
        file,
        baseDir,
        settings: withGateway(settings, yaml, gateway.settings),
        warnings: [...warnings, ...seesAnothers(entry, gateway.settings.tenants)],
      };
    } catch (error) {
      const { code, message, details } = AppError.from(error, 'CONFIG_INVALID');
      const said = message.replaceAll('\n', '\n  ');
      const where = file === null ? `tenants[${i}].settings` : file;
      const named = new AppError(code, `tenant "${entry.id}" (${where}):\n  ${said}`, {
        cause: error,
        ...(details && { details }),
      });
      return { entry, file, baseDir, settings: named, warnings: [] };
    }
  });
  refuseCommonFiles(loaded);
  return loaded;
}

/** Who names no device sees whatever the machine shows, also what another has for itself. */
function seesAnothers({ id, device }: TenantEntry, all: readonly TenantEntry[]): string[] {
  const other = device === undefined && all.find((each) => each.device !== undefined && each.device !== 'cpu');
  if (!other) return [];
  return [
    `tenant "${id}" has no device and sees every GPU, also that of "${other.id}"; write device: cpu, or one of its own`,
  ];
}

function part(yaml: YamlFile | null, path: (string | number)[]): YamlFile {
  let value = yaml?.value;
  for (const step of path) value = (value as Record<string | number, unknown> | undefined)?.[step];
  return { value, lineOf: (inner) => yaml?.lineOf([...path, ...inner]) ?? null };
}

function withGateway(settings: Settings, yaml: YamlFile, { server, log, ffmpeg }: Settings): Settings {
  const { host, port, tls, trustedProxies } = server;
  const saysLevel = ((yaml.value as { log?: { level?: unknown } } | null)?.log?.level ?? null) !== null;
  return {
    ...settings,
    ...((settings.ffmpeg ?? ffmpeg) !== undefined && { ffmpeg: settings.ffmpeg ?? ffmpeg }),
    server: { ...settings.server, host, port, tls, trustedProxies },
    log: saysLevel ? { ...log, level: settings.log.level } : log,
  };
}

/** Nothing of one may lie in what is another's. */
function refuseCommonFiles(tenants: readonly LoadedTenant[]): void {
  const owners = new Map<string, string>();
  for (const { entry, settings, baseDir } of tenants) {
    if (settings instanceof AppError) continue;
    const { keyFile } = settings.gallery;
    const files = [
      ...(keyFile === undefined ? [] : [['gallery.keyFile', resolve(baseDir, keyFile)] as const]),
      ...settings.sinks.flatMap((sink, i) => ('path' in sink ? [[`sinks[${i}].path`, sink.path] as const] : [])),
    ];
    for (const [key, path] of files) {
      const owner = owners.get(path);
      if (owner !== undefined && owner !== entry.id) {
        throw new AppError(
          'CONFIG_INVALID',
          `${key} of tenant "${entry.id}" is ${path}, which is "${owner}"'s already: each needs its own`,
        );
      }
      owners.set(path, entry.id);
    }
  }
}
