import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SourceError } from '../config/app-error.ts';
import { redact } from '../config/redact.ts';

/** Where a source's pictures come from, with everything resolved and checked that can be without opening it. */
export type SourceAddress =
  | { readonly kind: 'rtsp' | 'rtsps'; readonly url: string }
  | { readonly kind: 'webcam'; readonly format: 'v4l2' | 'avfoundation' | 'dshow'; readonly device: string }
  | { readonly kind: 'file'; readonly path: string };

export interface SourceAddressOptions {
  /** What a relative `file:` path is relative to. */
  baseDir: string;
  platform: NodeJS.Platform;
}

const ACCEPTED =
  'rtsp://host/path, rtsps://host/path, webcam:/dev/video0 (a name on macOS and Windows) or file:clip.mp4';

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
      return rtspAddress(url.trim());
    case 'webcam':
      return webcamAddress(rest.trim(), options.platform);
    case 'file':
      return { kind: 'file', path: filePath(rest, options.baseDir) };
    case undefined:
      throw invalid(`"${redact(url)}" has no scheme`);
    default:
      throw invalid(`"${redact(url)}" is of another kind`);
  }
}

function rtspAddress(url: string): SourceAddress {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || parsed.hostname === '') throw invalid(`"${redact(url)}" names no host`);
  if (/\s/.test(url)) throw invalid(`"${redact(url)}" has a space (write %20)`);
  return { kind: parsed.protocol === 'rtsps:' ? 'rtsps' : 'rtsp', url };
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
