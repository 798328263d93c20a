import type { ErrorCode } from '../../config/error-codes.ts';
import { redact } from '../../config/redact.ts';
import { cameraName, type SourceAddress } from '../source-address.ts';
import type { FfmpegExit } from './ffmpeg-process.ts';

export interface FfmpegEnding {
  readonly address: SourceAddress;
  /** What ffmpeg complained of, oldest first. */
  readonly complaints: readonly string[];
  readonly exit: FfmpegExit;
  /** Frames that came over this connection. */
  readonly frames: number;
  /** From start to end, milliseconds. */
  readonly lastedMs: number;
  /** After so much silence ffmpeg gives a camera up, milliseconds. */
  readonly timeoutMs: number;
}

export interface Diagnosis {
  readonly code: ErrorCode;
  /** One line for people, without credentials. */
  readonly message: string;
}

type Rule = readonly [pattern: RegExp, code: ErrorCode, message: (where: string) => string];

const CAMERA_RULES: readonly Rule[] = [
  [
    /\b40[13] (?:Unauthorized|Forbidden)|authorization failed|access denied\)/i,
    'STREAM_AUTH_FAILED',
    (at) => `${at} refused the user name or password`,
  ],
  [/\b(?:404|454) |Stream Not Found/i, 'STREAM_NOT_FOUND', (at) => `${at} knows no stream under that path`],
  [/Connection refused/i, 'STREAM_CONNECTION_FAILED', (at) => `nothing listens at ${at} (connection refused)`],
  [
    /resolve hostname|Name or service not known|nodename nor servname/i,
    'STREAM_CONNECTION_FAILED',
    (at) => `the host name of ${at} is not known`,
  ],
  [
    /No route to host|Network is unreachable|Host is (?:down|unreachable)|Connection to \S+ failed: (?:Connection|Operation) timed out/i,
    'STREAM_CONNECTION_FAILED',
    (at) => `${at} cannot be reached`,
  ],
  [
    /\[tls @|TLS|certificate|handshake/i,
    'STREAM_TLS_FAILED',
    (at) => `the TLS handshake with ${at} failed; is it rtsp:// rather than rtsps://?`,
  ],
  [/(?:Connection|Operation) timed out|Immediate exit requested/i, 'STREAM_TIMEOUT', (at) => `${at} does not answer`],
  [
    /\b4\d\d (?!Unauthorized)[A-Z]|\b5\d\d [A-Z]\w+ [A-Z]|Server returned/i,
    'STREAM_CONNECTION_FAILED',
    (at) => `${at} refused to play`,
  ],
  [
    /not on whitelist/i,
    'STREAM_CONNECTION_FAILED',
    (at) => `${at} sends the client to another kind of address, which is not followed`,
  ],
];

const LOCAL_RULES: readonly Rule[] = [
  [
    /No such file or directory|No such device|Could not find video device/i,
    'STREAM_NOT_FOUND',
    (at) => `there is no ${at}`,
  ],
  [
    /Permission denied|Operation not permitted/i,
    'STREAM_CONNECTION_FAILED',
    (at) => `${at} may not be opened (permission denied)`,
  ],
  [/Device or resource busy|already in use/i, 'STREAM_CONNECTION_FAILED', (at) => `${at} is in use by another program`],
  [/Is a directory/i, 'STREAM_NOT_FOUND', (at) => `${at} is a folder`],
  [/Inappropriate ioctl|Not a video capture device/i, 'STREAM_NOT_FOUND', (at) => `${at} is no video device`],
];

const STREAM_RULES: readonly Rule[] = [
  [/matches no streams/i, 'STREAM_NO_VIDEO', (at) => `${at} carries no video`],
  [
    /Decoder \(.*\) not found|no decoder|unknown codec|unspecified size|Could not find codec parameters/i,
    'STREAM_CODEC_UNSUPPORTED',
    (at) => `the video of ${at} cannot be decoded by this ffmpeg`,
  ],
];

/** Of file descriptors, processes or memory. */
const SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM']);

/** What ffmpeg said when it ended, as a code and a line for people. STREAM_ENDED with exit code 0 is a clean end. */
export function diagnoseFfmpeg(ending: FfmpegEnding): Diagnosis {
  const { address, complaints, exit } = ending;
  const at = nameOf(address);
  if (exit.error) {
    // What the machine is short of now it may have again: a camera is not given up for that.
    const { code } = exit.error as NodeJS.ErrnoException;
    return {
      code: SHORTAGES.has(code ?? '') ? 'STREAM_CONNECTION_FAILED' : 'FFMPEG_NOT_FOUND',
      message: `ffmpeg could not be run: ${redact(exit.error.message)}`,
    };
  }
  const camera = address.kind === 'rtsp' || address.kind === 'rtsps' || address.kind === 'mjpeg';
  const text = complaints.join('\n');
  if (ending.frames > 0) {
    // ffmpeg ends with 0 after a silence as well as after a goodbye.
    return /timed out/i.test(text)
      ? { code: 'STREAM_TIMEOUT', message: `${at} stopped sending` }
      : { code: 'STREAM_ENDED', message: exit.code === 0 ? `${at} ended the stream` : brokenOff(at, exit) };
  }
  for (const [pattern, code, message] of [...STREAM_RULES, ...(camera ? CAMERA_RULES : LOCAL_RULES)]) {
    if (pattern.test(text)) return { code, message: message(at) };
  }
  if (/Invalid data found|moov atom not found/i.test(text)) {
    if (!camera) {
      return { code: 'STREAM_CODEC_UNSUPPORTED', message: `${at} is damaged or no video that this ffmpeg reads` };
    }
    // ffmpeg has the same words for a camera that stays silent and for one that speaks something else.
    return ending.lastedMs >= ending.timeoutMs * 0.9
      ? { code: 'STREAM_TIMEOUT', message: `${at} accepted the connection and then stayed silent` }
      : { code: 'STREAM_CONNECTION_FAILED', message: `${at} answers, but not in RTSP; is it the right port?` };
  }
  if (exit.code === 0) return { code: 'STREAM_NO_VIDEO', message: `${at} ended before the first picture` };
  const last = complaints.at(-1);
  return {
    code: 'STREAM_CONNECTION_FAILED',
    message: `${at} could not be read: ${last ? redact(last) : endOf(exit)}`,
  };
}

function brokenOff(at: string, exit: FfmpegExit): string {
  return `the stream of ${at} broke off (${endOf(exit)})`;
}

function endOf(exit: FfmpegExit): string {
  return exit.signal ? `ffmpeg was ended by ${exit.signal}` : `ffmpeg ended with ${exit.code}`;
}

/** How messages name a source: an address without credentials and path, a device, a file. */
function nameOf(address: SourceAddress): string {
  switch (address.kind) {
    case 'rtsp':
    case 'rtsps':
    case 'mjpeg':
      return cameraName(address);
    case 'test':
      return 'the test pattern';
    case 'webcam':
      return `webcam ${address.device}`;
    case 'file':
      return `file ${address.path}`;
  }
}
