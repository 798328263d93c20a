import { readFileSync } from 'node:fs';
import { parseDocument, visit, type YAMLMap, type YAMLSeq } from 'yaml';

type Mapping = Record<string, unknown>;

export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[] | Readonly<Record<string, { ipv4_address: string } | null>>;
  readonly secrets?: readonly (string | { readonly source: string; readonly target: string })[];
  readonly user?: string;
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly shm_size?: string;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly pids_limit?: number;
  readonly stop_grace_period?: string;
  readonly restart?: string;
  readonly logging?: { readonly driver: string };
  readonly healthcheck?: { readonly test: readonly string[]; readonly interval: string; readonly timeout: string };
  readonly deploy?: {
    readonly resources: {
      readonly limits: { readonly cpus: string; readonly memory: string };
      readonly reservations?: {
        readonly devices: readonly { readonly driver: string; readonly device_ids: string[]; capabilities: string[] }[];
      };
    };
  };
}

export interface ComposeFile {
  readonly name: string;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/** The first member of a list that takes the place of the one below it, instead of being added to it. */
const OVERRIDE = '!override';

/** One file as it stands, with its anchors and `<<` filled in. @throws with every problem that the YAML has. */
export function readCompose(path: string): Mapping {
  const tag = { tag: OVERRIDE, collection: 'seq' as const, resolve: (list: YAMLMap | YAMLSeq) => list };
  const document = parseDocument(readFileSync(path, 'utf8'), { merge: true, customTags: [tag] });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'));
  visit(document, {
    Seq: (_key, list) => {
      if (list.tag === OVERRIDE) list.items.unshift(document.createNode(OVERRIDE));
    },
  });
  return document.toJS() as Mapping;
}

/** Several files laid over each other, as `docker compose -f a -f b` does it with what stands in ours. */
export function layOver(files: readonly Mapping[]): ComposeFile {
  return files.reduce((below, above) => merge(below, above, '') as Mapping) as unknown as ComposeFile;
}

function merge(below: unknown, above: unknown, key: string): unknown {
  if (Array.isArray(above)) {
    if (above[0] === OVERRIDE) return above.slice(1);
    if (!Array.isArray(below) || key === 'command' || key === 'test') return above;
    // Of two mounts at one place the upper one holds.
    const place = (each: unknown) => (key === 'volumes' && typeof each === 'string' ? each.split(':')[1] : each);
    const places = above.map(place);
    return [...below.filter((each) => !places.includes(place(each))), ...above];
  }
  if (!isMapping(below) || !isMapping(above)) return above === null || above === undefined ? below : above;
  const merged: Mapping = { ...below };
  for (const [name, value] of Object.entries(above)) merged[name] = merge(merged[name], value, name);
  return merged;
}

function isMapping(value: unknown): value is Mapping {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
