import { dirname, isAbsolute, resolve } from 'node:path';
import { AppError } from './app-error.ts';
import { crossCheck, settingsWarnings } from './cross-check.ts';
import { type DescribeValue, describeIssue, describeValue, keyName, type Problem } from './describe-problem.ts';
import { DEVICE_VARIABLES, withDeviceOverrides } from './device-overrides.ts';
import { interpolate, type SettingPath } from './interpolate.ts';
import { withModelPaths } from './model-overrides.ts';
import { readYaml, type YamlFile } from './read-yaml.ts';
import { isSection } from './settings-reference.ts';
import { type Settings, type SettingsInput, settingsSchema } from './settings-schema.ts';

export interface LoadSettingsOptions {
  /** The YAML file; without it the defaults and the overrides are all there is. */
  file?: string;
  /** What `${NAME}` in the file stands for; also DEVICE_VARIABLES and MODEL_VARIABLES. */
  env: Readonly<Record<string, string | undefined>>;
  /** The command line: mappings are merged into the file's, anything else takes the place of what the file says. */
  overrides?: SettingsInput;
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** Absolute path of the file that was read; null without one. */
  readonly file: string | null;
  /** What relative paths are relative to: the file's folder, else the working directory. */
  readonly baseDir: string;
  /** One line each: allowed, and probably not meant. */
  readonly warnings: readonly string[];
  /** The file as it is written; null without one. */
  readonly yaml: YamlFile | null;
}

/**
 * Defaults, then the file with its `${NAME}` filled in, then `overrides`; checked as a whole. Paths in the result are
 * absolute (`ffmpeg` stays as it is where it is a bare name). A camera's `file:` URL stays relative to `baseDir`.
 *
 * @throws {AppError} CONFIG_NOT_FOUND; CONFIG_SECRET_MISSING naming each key and variable; CONFIG_INVALID with every
 *   problem, one a line, each naming its key and line, what was expected and what was got. No message shows a secret.
 */
export function loadSettings(options: LoadSettingsOptions): LoadedSettings {
  const file = options.file === undefined ? null : resolve(options.file);
  return { ...checkSettings({ ...options, file, yaml: file === null ? null : readYaml(file) }), file };
}

export interface CheckSettingsOptions extends Pick<LoadSettingsOptions, 'env' | 'overrides'> {
  /** Where they stand, absolute: what relative paths are relative to. null: nowhere. */
  file: string | null;
  yaml: YamlFile | null;
  /** What else is to be refused, before anything is filled in and after everything was. */
  written?: (settings: unknown) => Problem[];
  checked?: (settings: Settings) => Problem[];
}

/** `loadSettings` of what was read already. */
export function checkSettings(options: CheckSettingsOptions): Omit<LoadedSettings, 'file'> {
  const { file, yaml } = options;
  const baseDir = file === null ? process.cwd() : dirname(file);
  // An empty file is an empty configuration.
  const written = yaml?.value ?? {};
  const overrides = options.overrides ?? {};

  const { value, filled, missing, malformed } = interpolate(written, options.env, isOfTenant);
  const where = (path: SettingPath): string => {
    if (!yaml || isOverridden(overrides, path)) return '';
    // What is missing has no line of its own: the nearest one above it that has.
    for (let length = path.length; length >= 0; length--) {
      const line = yaml.lineOf(path.slice(0, length));
      if (line !== null) return length === 0 ? '' : ` (line ${line})`;
    }
    return '';
  };
  const fail = (code: 'CONFIG_INVALID' | 'CONFIG_SECRET_MISSING', problems: readonly Problem[]): never => {
    const lines = [...new Set(problems.map(({ path, message }) => message + where(path)))];
    throw new AppError(code, lines.join('\n'), { details: { file, problems: lines } });
  };

  const relevant = (path: SettingPath) => !isOverridden(overrides, path);
  const absent = missing.filter(({ path }) => relevant(path));
  if (absent.length > 0) {
    fail(
      'CONFIG_SECRET_MISSING',
      absent.map(({ path, variable }) => ({
        path,
        message: `${keyName(path)} needs the environment variable ${variable}, which is not set`,
      })),
    );
  }
  const broken = malformed.filter(relevant).map((path) => ({
    path,
    message: `${keyName(path)} has a "\${" that names no variable; write \${NAME}, or $\${ for the characters themselves`,
  }));
  if (broken.length > 0) fail('CONFIG_INVALID', broken);

  // What came from the environment is shown as it is written in the file: it may be a secret wherever it stands.
  const describe: DescribeValue = (got, path) => {
    const from = filled.find((one) => relevant(path) && keyName(one.path) === keyName(path));
    return from ? `text from ${describeValue(from.template, path)}` : describeValue(got, path);
  };
  const merged = merge(withoutEmptySections(value), overrides);
  const parsed = settingsSchema.safeParse(merged);
  const problems = [
    ...(parsed.error?.issues ?? []).flatMap((issue) => describeIssue(issue, merged, describe)),
    ...crossCheck(merged, describe),
    ...(options.written?.(written) ?? []),
  ];
  if (!parsed.success || problems.length > 0) return fail('CONFIG_INVALID', problems);
  const placed = withDeviceOverrides(parsed.data.models, options.env);
  const settings = { ...parsed.data, models: withModelPaths(placed, options.env, file) };
  const further = options.checked?.(settings) ?? [];
  if (further.length > 0) return fail('CONFIG_INVALID', further);
  return {
    settings: withAbsolutePaths(settings, baseDir),
    baseDir,
    yaml,
    warnings: [...settingsWarnings(settings), ...uselessDevice(settings, options.env)],
  };
}

/** Filled in with the rest of that tenant's: what is missing there is its fault, and no reason to stop the others. */
function isOfTenant(path: SettingPath): boolean {
  return path.length === 3 && path[0] === 'tenants' && path[2] === 'settings';
}

function uselessDevice({ models }: Settings, env: LoadSettingsOptions['env']): string[] {
  const variable = DEVICE_VARIABLES.scorers;
  if (!env[variable] || models.scorers.length > 0) return [];
  return [`the environment variable ${variable} is set, and models.scorers names no network that it could be about`];
}

/** `cameras:` with all its members commented out is null in YAML, and means none. */
function withoutEmptySections(value: unknown, path: SettingPath = []): unknown {
  if (Array.isArray(value)) return value.map((member, i) => withoutEmptySections(member, [...path, i]));
  if (!isMapping(value)) return value;
  const kept = Object.entries(value).filter(([key, child]) => child !== null || !isSection([...path, key]));
  return Object.fromEntries(kept.map(([key, child]) => [key, withoutEmptySections(child, [...path, key])]));
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function merge(below: unknown, above: unknown): unknown {
  if (above === undefined) return below;
  if (!isMapping(above) || below === undefined) return above;
  // Not what the command line expects to stand there: the file is wrong, and that is said.
  if (!isMapping(below)) return below;
  const merged = new Map(Object.entries(below));
  for (const [key, value] of Object.entries(above)) merged.set(key, merge(merged.get(key), value));
  return Object.fromEntries(merged);
}

/** True where what stands at `path` came from the overrides. */
function isOverridden(overrides: unknown, path: SettingPath): boolean {
  let value = overrides;
  for (const step of path) {
    if (!isMapping(value)) return value !== undefined;
    value = value[step];
  }
  return value !== undefined && !isMapping(value);
}

function withAbsolutePaths(settings: Settings, baseDir: string): Settings {
  const { dataDir, ffmpeg, server, steps, sinks } = settings;
  const absolute = (path: string) => resolve(baseDir, path);
  // A bare `ffmpeg` is looked for on the PATH.
  const isPath = ffmpeg !== undefined && (isAbsolute(ffmpeg) || /[\\/]/.test(ffmpeg));
  return {
    ...settings,
    ...(dataDir !== undefined && { dataDir: absolute(dataDir) }),
    ...(isPath && { ffmpeg: absolute(ffmpeg) }),
    server: {
      ...server,
      ...(server.tls && { tls: { cert: absolute(server.tls.cert), key: absolute(server.tls.key) } }),
    },
    steps: steps.map(absolute),
    sinks: sinks.map((sink) => ({
      ...sink,
      ...('path' in sink && { path: absolute(sink.path) }),
      ...('ca' in sink && sink.ca !== undefined && { ca: absolute(sink.ca) }),
    })),
  };
}
