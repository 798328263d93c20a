import { z } from 'zod';
import { settingsSchema } from './settings-schema.ts';

/** One setting, as docs/configuration.md and the messages about unknown keys name it. */
export interface SettingReference {
  /** With `[]` for the members of a list: `cameras[].fps`. */
  readonly key: string;
  /** For people: `1 to 60`, `text`, `` `tcp`, `udp` ``. */
  readonly accepts: string;
  /** As one would write it in YAML; null where the setting is required or has no fixed default. */
  readonly defaultValue: string | null;
  readonly required: boolean;
  readonly description: string;
}

interface Node {
  type?: string;
  properties?: Record<string, Node>;
  required?: string[];
  items?: Node;
  oneOf?: Node[];
  /** Of a mapping from names to what has this shape. */
  additionalProperties?: Node | false;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  multipleOf?: number;
  minLength?: number;
  /** Of our own: the range of a duration, and words for what a pattern or union accepts. */
  duration?: string;
  words?: string;
}

const root = z.toJSONSchema(settingsSchema, { io: 'input' }) as Node;

/** Every setting there is, in the order of the schema. */
export function settingsReference(): SettingReference[] {
  return rows(root, '');
}

/** True where a mapping or a list of mappings stands: with nothing in it, it is as if it were not there. */
export function isSection(path: readonly PropertyKey[]): boolean {
  const node = nodeAt(path);
  return [node, node?.items].some((one) => one?.properties !== undefined || one?.oneOf !== undefined);
}

/** The keys that may stand at `path` (`[]` for any index), or null where nothing is known of it. */
export function keysAt(path: readonly PropertyKey[]): string[] | null {
  const node = nodeAt(path);
  const kinds = node?.oneOf ?? (node?.properties ? [node] : []);
  return kinds.length === 0 ? null : [...new Set(kinds.flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

function nodeAt(path: readonly PropertyKey[]): Node | undefined {
  let node: Node | undefined = root;
  for (const step of path) node = typeof step === 'number' ? node?.items : propertyOf(node, String(step));
  return node;
}

/** Of a union of kinds, as the first kind that has it has it. */
function propertyOf(node: Node | undefined, name: string): Node | undefined {
  const ofKind = node?.oneOf?.find((kind) => kind.properties?.[name])?.properties?.[name];
  return node?.properties?.[name] ?? ofKind ?? (node?.additionalProperties || undefined);
}

function rows(node: Node, prefix: string): SettingReference[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    if (child.properties) return rows(child, key);
    // Under names that people choose: `schedules.NAME.timeZone`.
    if (child.additionalProperties && !child.words) return rows(child.additionalProperties, `${key}.NAME`);
    if (child.items?.properties) return rows(child.items, `${key}[]`);
    // Kinds that differ by their `type`: `sinks[webhook].url`.
    if (child.items?.oneOf) {
      return child.items.oneOf.flatMap((kind) => rows(kind, `${key}[${kind.properties?.type?.const}]`));
    }
    return [
      {
        key,
        accepts: accepts(child),
        defaultValue: child.default === undefined ? null : written(child.default),
        required: node.required?.includes(name) ?? false,
        description: child.description ?? '',
      },
    ];
  });
}

function accepts(node: Node): string {
  if (node.words) return node.words;
  if (node.duration) return `${node.duration}`;
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.enum) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  switch (node.type) {
    case 'integer':
    case 'number': {
      const step = node.multipleOf && node.multipleOf !== 1 ? `, a multiple of ${node.multipleOf}` : '';
      return `${node.minimum} to ${node.maximum}${step}`;
    }
    case 'boolean':
      return '`true`, `false`';
    case 'array':
      return `list of ${node.items?.enum || node.items?.words ? accepts(node.items) : 'text'}`;
    default:
      return node.minLength && node.minLength > 1 ? `text, at least ${node.minLength} characters` : 'text';
  }
}

function written(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
