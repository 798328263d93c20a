import type { CameraPatch, CameraView, NewCamera, Transport } from '../api/api-types.ts';

/** What a person has typed about a camera so far. */
export interface CameraDraft {
  id: string;
  name: string;
  url: string;
  /** `kept`: those that the server has; it shows them to nobody. */
  credentials: 'kept' | 'given' | 'none';
  username: string;
  password: string;
  /** One address a line. */
  failover: string;
  fps: number;
  width: number;
  transport: Transport;
  verifyTls: boolean;
  enabled: boolean;
}

export const NEW_DRAFT: CameraDraft = {
  id: '',
  name: '',
  url: '',
  credentials: 'given',
  username: '',
  password: '',
  failover: '',
  fps: 5,
  width: 1280,
  transport: 'tcp',
  verifyTls: true,
  enabled: true,
};

export function draftOf(camera: CameraView): CameraDraft {
  const { id, name, url, enabled, settings } = camera;
  const { fps, width, transport, verifyTls } = settings;
  return {
    ...NEW_DRAFT,
    id,
    name: name === id ? '' : name,
    url,
    credentials: 'kept',
    failover: settings.failover.join('\n'),
    fps,
    width,
    transport,
    verifyTls,
    enabled,
  };
}

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
  if (/^webcam:.+/i.test(text) || /^test:/i.test(text)) return null;
  if (!/^(rtsps?|https?):\/\//i.test(text)) {
    return 'The address must start with rtsp://, rtsps://, http://, https:// or webcam:.';
  }
  if (!/^[a-z]+:\/\/[^/\s]+/i.test(text)) return 'The address names no host.';
  if (/\s/.test(text)) return 'The address must not contain blanks; write %20 for one.';
  return null;
}

/** User name and password that stand in an address, and the address without them; null where none do. */
export function splitCredentials(url: string): { url: string; username: string; password: string } | null {
  const usual = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)@([^/?#@]*.*)$/i.exec(url);
  // People paste passwords as they are, even with a / in them; host:port/path@x holds none.
  const odd = /^([a-z][a-z0-9+.-]*:\/\/)([^:@/]*:(?!\d+(?:\/|$)).*)@([^@]*)$/i.exec(url);
  const [, scheme, userinfo, rest] = usual ?? odd ?? [];
  if (scheme === undefined || userinfo === undefined || userinfo === '***') return null;
  const colon = userinfo.indexOf(':');
  const [username, password] = colon < 0 ? [userinfo, ''] : [userinfo.slice(0, colon), userinfo.slice(colon + 1)];
  return { url: scheme + rest, username: decoded(username), password: decoded(password) };
}

/** In an address they are percent-encoded; one that was pasted as it is may be no valid encoding. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** User name and password have fields of their own: what stands in the address is moved there. */
export function withSplitUrl(draft: CameraDraft): CameraDraft {
  const url = draft.url.trim();
  const split = splitCredentials(url);
  return split ? { ...draft, ...split, credentials: 'given' } : { ...draft, url };
}

const withoutHidden = (url: string) => url.replace(/^([a-z][a-z0-9+.-]*:\/\/)\*\*\*@/i, '$1');

/** Further addresses, without the user name and password where they are those of the first. */
function failoverOf(draft: CameraDraft): string[] {
  return draft.failover
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      if (draft.credentials !== 'kept') {
        const split = splitCredentials(line);
        const same = split?.username === draft.username && split.password === draft.password;
        return withoutHidden(same ? split.url : line);
      }
      return line;
    });
}

/** What reaches the camera. */
export function connectionOf(
  draft: CameraDraft,
): Pick<NewCamera, 'url' | 'username' | 'password' | 'tls' | 'transport'> {
  const { url, transport, verifyTls } = draft;
  const username = draft.username.trim();
  return {
    url,
    ...(/^rtsp:/i.test(url) ? { transport } : {}),
    ...(verifyTls ? {} : { tls: { verify: false } }),
    ...(draft.credentials === 'given' && username !== '' ? { username, password: draft.password } : {}),
  };
}

/** `draft` after `withSplitUrl`. */
export function newCameraOf(draft: CameraDraft): NewCamera {
  const name = draft.name.trim();
  const failover = failoverOf(draft);
  return {
    id: draft.id,
    ...connectionOf(draft),
    fps: draft.fps,
    width: draft.width,
    ...(name === '' ? {} : { name }),
    ...(failover.length === 0 ? {} : { failover }),
    ...(draft.enabled ? {} : { enabled: false }),
  };
}

/** What of `draft` (after `withSplitUrl`) is not as it is now. */
export function patchOf(draft: CameraDraft, camera: CameraView): CameraPatch {
  const now = draftOf(camera);
  const patch: CameraPatch = {};
  const name = draft.name.trim();
  const kept = draft.credentials === 'kept';
  const url = kept ? draft.url : withoutHidden(draft.url);
  const failover = failoverOf(draft);
  if (name !== now.name) patch.name = name === '' ? null : name;
  if (url !== now.url) patch.url = url;
  if (failover.join('\n') !== now.failover) patch.failover = failover;
  if (draft.fps !== now.fps) patch.fps = draft.fps;
  if (draft.width !== now.width) patch.width = draft.width;
  if (draft.transport !== now.transport) patch.transport = draft.transport;
  if (draft.verifyTls !== now.verifyTls) patch.tls = { verify: draft.verifyTls };
  if (draft.enabled !== now.enabled) patch.enabled = draft.enabled;
  if (draft.credentials === 'given') {
    patch.username = draft.username.trim();
    patch.password = draft.password;
  } else if (draft.credentials === 'none') {
    patch.username = null;
    patch.password = null;
  }
  return patch;
}
