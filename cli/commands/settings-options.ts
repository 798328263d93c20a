import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import { resolveDataDir } from '../../config/data-dir.ts';
import { type LoadedSettings, loadSettings } from '../../config/load-settings.ts';
import { mirrorsFrom } from '../../config/mirrors.ts';
import type { Settings, SettingsInput } from '../../config/settings-schema.ts';
import type { TenantEntry } from '../../config/tenant-settings.ts';
import { chooseTenant } from './choose-tenant.ts';
import type { CommandContext } from './command-context.ts';

export interface SettingsOptions {
  config?: string;
  data?: string;
  tenant?: string;
  camera?: string[];
  host?: string;
  port?: number;
  logLevel?: (typeof LOG_LEVELS)[number];
}

export interface CommandSettings {
  readonly settings: Settings;
  /** The configuration file, absolute; null without one. */
  readonly file: string | null;
  /** What relative paths of the settings are relative to. */
  readonly baseDir: string;
  readonly dataDir: string;
  /** Where weights are kept; tenants share it. */
  readonly modelsDir: string;
  /** Folders and URLs with model files. */
  readonly mirrors: readonly string[];
  /** A folder with model files that is looked into right after the data folder's, absolute; null without one. */
  readonly modelsFolder: string | null;
  /** `FACEGATE_GALLERY_KEY`, where it is the key of this gallery. */
  readonly galleryKey: string | undefined;
  /** Whose settings these are; null where they are a gateway's, or of a facegate without `tenants:`. */
  readonly entry: TenantEntry | null;
  readonly warnings: readonly string[];
  /** The settings with the file that they are from; its tenants are read by themselves. */
  readonly loaded: LoadedSettings;
}

/** `--config`, `--tenant` and `--data`, for every command that works on a facegate of one's own. */
export function addSettingsOptions(command: Command): Command {
  return addFileOptions(addTenantOption(command));
}

export function addTenantOption(command: Command): Command {
  return command.option('--tenant <id>', 'which one, where the configuration file has several tenants');
}

/** `--config` and `--data`, for what works on all tenants there are. */
export function addFileOptions(command: Command): Command {
  command
    .option('-c, --config <file>', 'configuration file (YAML)')
    .option('-d, --data <folder>', 'where models, gallery and events are kept');
  return addLogLevelOption(command);
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export function addLogLevelOption(command: Command): Command {
  return command.option('--log-level <level>', 'debug, info, warn or error', oneOf('--log-level', LOG_LEVELS));
}

/**
 * The settings of the facegate that a command works on: with `tenants:` in the file, of the one that is named.
 *
 * @throws {AppError} USAGE where none or an unknown one is named; what `loadSettings` and `loadTenants` throw.
 */
export function readSettings(options: SettingsOptions, context: CommandContext): CommandSettings {
  return chooseTenant(readFileSettings(options, context), options.tenant, context.env);
}

/** Defaults, then the file, then the command line; its `tenants:` are read by themselves. */
export function readFileSettings(options: SettingsOptions, { env }: CommandContext): CommandSettings {
  const overrides: SettingsInput = {};
  if (options.host !== undefined || options.port !== undefined) {
    overrides.server = {
      ...(options.host !== undefined && { host: options.host }),
      ...(options.port !== undefined && { port: options.port }),
    };
  }
  if (options.camera) overrides.cameras = options.camera.map(cameraFromFlag);
  if (options.logLevel) overrides.log = { level: options.logLevel };
  const file = options.config === undefined ? undefined : resolve(options.config);
  const loaded = loadSettings({ ...(file !== undefined && { file }), env, overrides });
  const dataDir = resolveDataDir({
    ...(options.data !== undefined && { flag: options.data }),
    ...(loaded.settings.dataDir !== undefined && { fromConfig: loaded.settings.dataDir }),
    env,
    configFile: loaded.file,
    home: homeFolder(),
  });
  return {
    settings: loaded.settings,
    file: loaded.file,
    baseDir: loaded.file === null ? process.cwd() : dirname(loaded.file),
    dataDir,
    modelsDir: join(dataDir, 'models'),
    galleryKey: env.FACEGATE_GALLERY_KEY,
    entry: null,
    mirrors: mirrorsFrom(env.FACEGATE_MODEL_MIRROR),
    modelsFolder: env.FACEGATE_MODELS_DIR ? resolve(env.FACEGATE_MODELS_DIR) : null,
    warnings: loaded.warnings,
    loaded,
  };
}

/** A user id that the machine has no name for, as containers are run with, has none: then `homedir` throws. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/** `rtsp://…` or `front=rtsp://…`. */
function cameraFromFlag(text: string, index: number): { id: string; url: string } {
  const named = /^([a-z0-9][a-z0-9_-]{0,63})=(.+)$/.exec(text);
  return named ? { id: named[1] as string, url: named[2] as string } : { id: `camera${index + 1}`, url: text };
}

export function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new AppError('USAGE', `--port must be a number from 0 to 65535, got "${text}"`);
}

/** For a flag that takes whole numbers. */
export function wholeNumber(flag: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new AppError('USAGE', `${flag} must be a whole number from ${least} to ${most}, got "${text}"`);
  };
}

export function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

export function oneOf(flag: string, names: readonly string[]): (text: string) => string {
  return (text) => {
    if (names.includes(text)) return text;
    throw new AppError('USAGE', `${flag} must be one of ${names.join(', ')}, got "${text}"`);
  };
}
