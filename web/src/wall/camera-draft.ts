const WORDS_OF_ADDRESSES = /^(stream|live|h264|h265|main|sub|ch|video|cam|media|axis-media)\d*$/i;

/** An id (`^[a-z0-9][a-z0-9_-]{0,63}$`) made from what people typed; another number where it is taken. */
export function suggestId(name: string, url: string, taken: readonly string[]): string {
  const base = idOf(name) || idOf(hintOf(url)) || 'camera';
  if (!taken.includes(base)) return base;
  for (let n = 2; ; n += 1) {
    const next = `${base.slice(0, 60)}-${n}`;
    if (!taken.includes(next)) return next;
  }
}

export const ID_PATTERN = '[a-z0-9][a-z0-9_\\-]{0,63}';

function idOf(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64)
    .replace(/-+$/, '');
}

/** The part of an address that people would call the camera by. */
function hintOf(url: string): string {
  const device = /^webcam:(?:\/dev\/)?(.+)$/.exec(url.trim());
  if (device) return device[1]!;
  const parts = /^[a-z][a-z0-9+.-]*:\/\/(?:[^@/]*@)?([^/:?#]+)[^/?#]*([^?#]*)/i.exec(url.trim());
  if (!parts) return '';
  const path = parts[2]!
    .split('/')
    .filter((part) => part !== '' && !WORDS_OF_ADDRESSES.test(part) && !/^\d+$/.test(part));
  return path.at(-1) ?? `camera-${parts[1]}`;
}

/** What is wrong with an address before anybody is asked; null where nothing is. */
export function urlProblem(url: string): string | null {
  const text = url.trim();
  if (text === '') return 'Enter the camera’s address.';
  if (/^file:/i.test(text)) return 'Files can be used in the configuration only, not from here.';
  if (/^webcam:.+/i.test(text)) return null;
  if (!/^rtsps?:\/\//i.test(text)) return 'The address must start with rtsp://, rtsps:// or webcam:.';
  if (!/^rtsps?:\/\/[^/\s]+/i.test(text)) return 'The address names no host.';
  if (/\s/.test(text)) return 'The address must not contain blanks; write %20 for one.';
  return null;
}

export interface CameraDraft {
  id: string;
  name: string;
  url: string;
  fps: number;
  transport: 'tcp' | 'udp';
}

/** The lines that keep a camera in the configuration, its password as a variable. */
export function yamlSnippet(draft: CameraDraft): { yaml: string; variable: string | null } {
  const variable = `${draft.id.replace(/[^a-z0-9]+/gi, '_').toUpperCase()}_PASSWORD`;
  const url = draft.url.trim();
  const parts = splitPassword(url);
  const shown = parts ? `${parts.before}:\${${variable}}@${parts.after}` : url;
  const lines = ['cameras:', `  - id: ${draft.id}`];
  if (draft.name.trim() !== '') lines.push(`    name: ${quoted(draft.name.trim())}`);
  lines.push(`    url: ${quoted(shown)}`, `    fps: ${draft.fps}`);
  if (/^rtsps?:/i.test(url)) lines.push(`    transport: ${draft.transport}`);
  return { yaml: lines.join('\n'), variable: parts ? variable : null };
}

/** People paste passwords as they are: with an @ in them, even with a /. */
function splitPassword(url: string): { before: string; after: string } | null {
  const usual = /^([a-z][a-z0-9+.-]*:\/\/[^:@/]*):[^/]*@(.*)$/i.exec(url);
  if (usual) return { before: usual[1]!, after: usual[2]! };
  // host:port/path@x holds no password.
  const odd = /^([a-z][a-z0-9+.-]*:\/\/[^:@/]*):(?!\d+(?:\/|$)).*@([^@]*)$/i.exec(url);
  return odd ? { before: odd[1]!, after: odd[2]! } : null;
}

/** A double-quoted YAML scalar is a JSON string. */
const quoted = (text: string) => JSON.stringify(text);
