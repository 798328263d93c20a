import { environmentValue } from './environment-value.ts';

/** A path into the settings, e.g. `['cameras', 2, 'url']`. */
export type SettingPath = readonly (string | number)[];

export interface Interpolated {
  value: unknown;
  /** Strings that have something of the environment in them, as they are written in the file. */
  filled: { path: SettingPath; template: string }[];
  /** Variables that are named and not set (or empty), with the key that names each. */
  missing: { path: SettingPath; variable: string }[];
  /** `${` that starts no variable. */
  malformed: SettingPath[];
}

const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{/g;

/** What stands before the credentials of a URL ends: `rtsp://user:` and no slash since. */
const IN_USERINFO = /[a-z][a-z0-9+.-]*:\/\/[^/?#\s]*$/i;

/**
 * Puts environment variables in place of `${NAME}` inside the strings of `value` (never in keys, and what was put in is not
 * looked at again), or the file's content that `NAME_FILE` names. `$${` stands for a literal `${`. Between `://` and `@` a variable holds a plain user name or password:
 * there it is percent-encoded, so that a password with `@`, `/` or `:` in it works.
 *
 * @param leave what stays as it is written.
 * @throws {AppError} CONFIG_SECRET_MISSING when the file of a `NAME_FILE` cannot be read.
 */
export function interpolate(
  value: unknown,
  env: Readonly<Record<string, string | undefined>>,
  leave: (path: SettingPath) => boolean = () => false,
): Interpolated {
  const filled: Interpolated['filled'] = [];
  const missing: Interpolated['missing'] = [];
  const malformed: SettingPath[] = [];

  const text = (template: string, path: SettingPath): string =>
    template.replace(REFERENCE, (whole: string, variable: string | undefined, at: number) => {
      if (whole === '$${') return '${';
      if (variable === undefined) {
        malformed.push(path);
        return whole;
      }
      const found = environmentValue(env, variable);
      if (found === undefined) {
        missing.push({ path, variable });
        return '';
      }
      if (filled.at(-1)?.path !== path) filled.push({ path, template });
      const inUserinfo =
        IN_USERINFO.test(template.slice(0, at)) && /^[^/?#\s]*@/.test(template.slice(at + whole.length));
      return inUserinfo ? encodeURIComponent(found) : found;
    });

  const walk = (node: unknown, path: SettingPath): unknown => {
    if (leave(path)) return node;
    if (typeof node === 'string') return text(node, path);
    if (Array.isArray(node)) return node.map((child, i) => walk(child, [...path, i]));
    if (node === null || typeof node !== 'object') return node;
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, walk(child, [...path, key])]));
  };
  return { value: walk(value, []), filled, missing, malformed };
}
