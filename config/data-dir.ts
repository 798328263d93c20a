import { dirname, join, resolve } from 'node:path';
import { AppError } from './app-error.ts';

export interface DataDirOptions {
  /** `--data`; relative to the working directory. */
  flag?: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the configuration file; null without one. */
  configFile: string | null;
  /** `dataDir` of the settings; relative to the configuration file. */
  fromConfig?: string;
  /** The home directory of whoever runs us. */
  home: string;
}

/**
 * Where models, gallery, event log and keys live: `--data`, else `FACEGATE_HOME`, else `dataDir` of the settings, else
 * `data` beside the configuration file, else `~/.local/share/facegate`. Never the working directory by accident.
 *
 * @returns an absolute path; nothing is created.
 * @throws {AppError} CONFIG_INVALID when nothing names one and there is no home directory.
 */
export function resolveDataDir({ flag, env, configFile, fromConfig, home }: DataDirOptions): string {
  if (flag) return resolve(flag);
  if (env.FACEGATE_HOME) return resolve(env.FACEGATE_HOME);
  if (fromConfig) return configFile === null ? resolve(fromConfig) : resolve(dirname(configFile), fromConfig);
  if (configFile !== null) return join(dirname(configFile), 'data');
  if (home) return join(home, '.local', 'share', 'facegate');
  throw new AppError(
    'CONFIG_INVALID',
    'there is no home directory to keep data in; name a folder with --data or FACEGATE_HOME',
  );
}
