import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SourceError } from '../config/app-error.ts';
import { redact } from '../config/redact.ts';

/** Whom a TLS connection is made with. */
export interface TlsTrust {
  /** False: with whoever answers. */
  readonly verify: boolean;
  /** Absolute path of a PEM file that takes the place of the usual authorities. */
  readonly ca: string | null;
}

/**
 * Where a source's pictures come from, with everything resolved and checked that can be without opening it. A `url` holds
 * the credentials, percent-encoded: it is a secret.
 */
export type SourceAddress =
  | { readonly kind: 'rtsp'; readonly url: string }
  | { readonly kind: 'rtsps'; readonly url: string; readonly tls: TlsTrust }
  | { readonly kind: 'mjpeg'; readonly url: string; readonly tls: TlsTrust }
  | { readonly kind: 'test' }
  | { readonly kind: 'webcam'; readonly format: 'v4l2' | 'avfoundation' | 'dshow'; readonly device: string }
  | { readonly kind: 'file'; readonly path: string };

export type NetworkAddress = Extract<SourceAddress, { url: string }>;

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface SourceAddressOptions {
  /** What a relative path is relative to. */
  baseDir: string;
  platform: NodeJS.Platform;
  /** Apart from the URL, as they are; a URL with its own is refused then. */
  credentials?: Credentials | null;
  tls?: { verify: boolean; ca?: string | undefined };
}

const ACCEPTED =
  'rtsp://host/path, rtsps://host/path, http://host/path or https://host/path (MJPEG), webcam:/dev/video0 (a name on macOS and Windows), file:clip.mp4 or test:';

// A line break would start a directive of its own in the script that carries the URL to ffmpeg; the rest has no
// business in an address either.
const CONTROL = /\p{Cc}/u;

/**
 * @param url as the config or `POST /cameras` gives it; may hold credentials.
 * @throws {SourceError} SOURCE_URL_INVALID, with what is accepted; never with the credentials.
 */
export function sourceAddress(url: string, options: SourceAddressOptions): SourceAddress {
  if (CONTROL.test(url)) throw invalid('it has a control character');
  const match = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(url.trim());
  const rest = match?.[2] ?? '';
  switch (match?.[1]?.toLowerCase()) {
    case 'rtsp':
    case 'rtsps':
    case 'http':
    case 'https':
      return networkAddress(url.trim(), options);
    case 'webcam':
      return webcamAddress(rest.trim(), options.platform);
    case 'file':
      return { kind: 'file', path: filePath(rest, options.baseDir) };
    case 'test':
      return { kind: 'test' };
    case undefined:
      throw invalid(`"${redact(url)}" has no scheme (write file:… for a file)`);
    default:
      throw invalid(`"${redact(url)}" is of another kind`);
  }
}

const PORTS: Readonly<Record<string, number>> = { 'rtsp:': 554, 'rtsps:': 322, 'http:': 80, 'https:': 443 };

/** The port that is connected to. */
export function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === '' ? PORTS[protocol]! : Number(port);
}

/** How messages name a camera of the network: without credentials and path. */
export function cameraName({ url }: { readonly url: string }): string {
  return `camera ${new URL(url).hostname}:${portOf(url)}`;
}

/** As they are, percent-decoded; null where the URL holds none. */
export function credentialsOf(url: string): Credentials | null {
  const { username, password } = new URL(url);
  if (username === '' && password === '') return null;
  return { username: decode(username), password: decode(password) };
}

/** The URL without user name and password; otherwise as it was written, since cameras take their paths literally. */
export function withoutCredentials(url: string): string {
  const { username, password } = new URL(url);
  if (username === '' && password === '') return url;
  // A password may hold an `@` that nobody encoded: the last one before the path ends it.
  return url.replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1');
}

/** Somebody may have written a percent sign as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function networkAddress(url: string, options: SourceAddressOptions): SourceAddress {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || parsed.hostname === '') throw invalid(`"${redact(url)}" names no host`);
  if (/\s/.test(url)) throw invalid(`"${redact(url)}" has a space (write %20)`);
  const { credentials, tls, baseDir } = options;
  const ownCredentials = parsed.username !== '' || parsed.password !== '';
  if (credentials && ownCredentials) {
    throw invalid(`"${redact(url)}" holds a user name or password, and "username" or "password" is set as well`);
  }
  const complete = credentials ? withCredentials(url, credentials) : url;
  if (parsed.protocol === 'rtsp:') return { kind: 'rtsp', url: complete };
  return {
    kind: parsed.protocol === 'rtsps:' ? 'rtsps' : 'mjpeg',
    url: complete,
    tls: { verify: tls?.verify ?? true, ca: tls?.ca === undefined ? null : resolve(baseDir, tls.ca) },
  };
}

/** @param url without any. */
export function withCredentials(url: string, { username, password }: Credentials): string {
  const who = `${encodeCredential(username)}:${encodeCredential(password)}`;
  return url.replace(/^([a-z]+:\/\/)/i, (scheme) => `${scheme}${who}@`);
}

/** ffmpeg decodes every percent sign; the characters that `encodeURIComponent` leaves are harmless but for the quote. */
function encodeCredential(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27');
}

function webcamAddress(device: string, platform: NodeJS.Platform): SourceAddress {
  switch (platform) {
    case 'darwin':
      // A colon would add an audio device.
      if (device.includes(':')) throw invalid(`the webcam name "${device}" has a colon`);
      return { kind: 'webcam', format: 'avfoundation', device: device === '' ? '0' : device };
    case 'win32':
      if (device === '') {
        throw invalid('a webcam needs its name on Windows (ffmpeg -list_devices true -f dshow -i dummy shows them)');
      }
      if (device.includes(':')) throw invalid(`the webcam name "${device}" has a colon`);
      return { kind: 'webcam', format: 'dshow', device };
    default: {
      const path = device === '' ? '/dev/video0' : /^\d+$/.test(device) ? `/dev/video${device}` : device;
      if (!/^\/dev\/[\w./:-]+$/.test(path) || path.includes('..')) {
        throw invalid(`"${device}" is no video device such as /dev/video0`);
      }
      return { kind: 'webcam', format: 'v4l2', device: path };
    }
  }
}

function filePath(rest: string, baseDir: string): string {
  if (!rest.startsWith('//')) {
    if (rest === '') throw invalid('file: names no file');
    return resolve(baseDir, rest);
  }
  try {
    return fileURLToPath(`file:${rest}`);
  } catch (cause) {
    throw invalid(`"file:${rest}" is no local file`, cause);
  }
}

function invalid(why: string, cause?: unknown): SourceError {
  return new SourceError('SOURCE_URL_INVALID', `the camera URL is not accepted: ${why}; expected ${ACCEPTED}`, {
    cause,
  });
}
