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
  anyOf?: Node[];
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
  return node?.properties !== undefined || node?.items?.properties !== undefined;
}

/** The keys that may stand at `path` (`[]` for any index), or null where nothing is known of it. */
export function keysAt(path: readonly PropertyKey[]): string[] | null {
  const properties = nodeAt(path)?.properties;
  return properties ? Object.keys(properties) : null;
}

function nodeAt(path: readonly PropertyKey[]): Node | undefined {
  let node: Node | undefined = root;
  for (const step of path) node = typeof step === 'number' ? node?.items : node?.properties?.[String(step)];
  return node;
}

function rows(node: Node, prefix: string): SettingReference[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    if (child.properties) return rows(child, key);
    if (child.items?.properties) return rows(child.items, `${key}[]`);
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
