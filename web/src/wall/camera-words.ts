import type { CameraView } from '../api/api-types.ts';
import { sentence } from '../ui/sentence.ts';

const CODECS: Record<string, string> = { h264: 'H.264', hevc: 'H.265', mjpeg: 'MJPEG', mpeg4: 'MPEG-4', av1: 'AV1' };

export const codecName = (codec: string) => CODECS[codec] ?? codec;

/** `5`, `24.9`: one decimal where it says something. */
export const rate = (value: number) => String(Math.round(value * 10) / 10);

/** `2.1 Mbit/s`, `640 kbit/s`. */
export function bitRate(bitsPerSecond: number): string {
  return bitsPerSecond >= 999_500
    ? `${(bitsPerSecond / 1e6).toFixed(1)}${NBSP}Mbit/s`
    : `${Math.round(bitsPerSecond / 1000)}${NBSP}kbit/s`;
}

const NBSP = '\u00a0';

/** What the camera sends, beside how often: `1920 × 1080, H.264, 2.1 Mbit/s`; null before that is known. */
export function sendsWords({ stream }: Pick<CameraView, 'stream'>): string | null {
  if (!stream) return null;
  return [
    `${stream.width}${NBSP}×${NBSP}${stream.height}`,
    codecName(stream.codec),
    stream.bitsPerSecond === null ? null : bitRate(stream.bitsPerSecond),
  ]
    .filter((part) => part !== null)
    .join(', ');
}

/** Who turns the camera's data into pictures. */
export function decoderWords({ stream }: Pick<CameraView, 'stream'>): string | null {
  if (!stream?.decoder) return null;
  const by = stream.decoder === 'software' ? 'the processor' : `the graphics hardware (${stream.decoder})`;
  return stream.decoderReason ? `${by}: ${stream.decoderReason}` : by;
}

const LOST: readonly { reason: keyof CameraView['dropped']; means: string }[] = [
  { reason: 'busy', means: 'the networks were busy' },
  { reason: 'thinned', means: 'thinned out under overload' },
  { reason: 'unchanged', means: 'nothing had changed' },
  { reason: 'pool', means: 'memory for pictures was in use' },
  { reason: 'fault', means: 'the networks failed' },
];

/** Pictures that were left out, and why: `12 (the networks were busy)`; `none`. */
export function droppedWords(dropped: CameraView['dropped']): string {
  const parts = LOST.filter(({ reason }) => dropped[reason] > 0).map(({ reason, means }) => ({
    count: dropped[reason],
    means,
  }));
  if (parts.length === 0) return 'none';
  return parts.map(({ count, means }) => `${count.toLocaleString()} (${means})`).join(', ');
}

/** How often it is analysed at most: `at most 5`; `at most 2.4 for now: the machine cannot do the 5 asked for`. */
export function mostWords({ configured, effective, why }: CameraView['fps']): string {
  if (why === null) return `at most ${rate(configured)}`;
  return `at most ${rate(effective)} for now: the machine cannot do the ${rate(configured)} asked for`;
}

/** `none in the last hour`, `3 in the last hour, 14 in all`. */
export function reconnectWords({ lastHour, total }: CameraView['reconnects']): string {
  if (total === 0) return 'never';
  return `${lastHour === 0 ? 'not' : lastHour} in the last hour, ${total} in all`;
}

/** Which further address is in use: null for the first one, which is as it should be. */
export function failoverWords(camera: Pick<CameraView, 'streamInUse' | 'settings'>): string | null {
  const { streamInUse, settings } = camera;
  if (!streamInUse || streamInUse.index === 0) return null;
  const which = settings.failover.length === 1 ? 'the other one' : `the ${nth(streamInUse.index + 1)}`;
  return `The first address fails; ${which} is in use.`;
}

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth'];
const nth = (n: number) => ORDINALS[n - 1] ?? `${n}th`;

/** What a person can do about a code of docs/errors.md. */
const ADVICE: Record<string, string> = {
  STREAM_CONNECTION_FAILED: 'Is the camera on, and are address and port right? A firewall may be between.',
  STREAM_AUTH_FAILED:
    'Check user name and password; many cameras have an account of its own for the video (RTSP or ONVIF).',
  STREAM_TLS_FAILED:
    'The camera’s certificate is not valid for this address. Where the camera made it itself, checking can be switched off under “More”.',
  STREAM_TIMEOUT: 'The address answers but sends nothing. Restart the camera; some serve a few viewers only.',
  STREAM_NOT_FOUND: 'The part after the host is not one that the camera knows; its manual has it.',
  STREAM_CODEC_UNSUPPORTED: 'Set the camera to H.264 or H.265.',
  STREAM_NO_VIDEO: 'Choose another stream of the camera; this one has no video.',
  STREAM_STALLED: 'Nothing to do yet: facegate connects anew by itself. If it stays so, look at camera and network.',
  STREAM_FROZEN: 'The camera hangs: restart it. No door opens on a frozen picture.',
  STREAM_BEHIND:
    'Its pictures came later and later; facegate goes on with what it sees now. If it stays so, the machine or the network is too slow for it.',
  STREAM_ENDED: 'Nothing to do: facegate connects anew by itself.',
  SOURCE_URL_INVALID: 'An address looks like rtsp://10.0.0.5/stream1; the camera’s manual has it.',
};

export const adviceFor = (code: string | null): string | null => (code === null ? null : (ADVICE[code] ?? null));

/** The camera in a sentence or two for a person who stands before the door, not before the server. */
export function cameraSummary(camera: CameraView): string {
  if (!camera.enabled) return 'Switched off: facegate does not connect to it.';
  const { state, fps } = camera;
  if (state === 'running') {
    const sends = camera.stream?.fps ?? fps.decoded;
    const flow =
      sends === null
        ? `Pictures come; ${rate(fps.analysed)} a second are analysed.`
        : `It sends ${rate(sends)} pictures a second; ${rate(fps.analysed)} of them are analysed.`;
    const held = fps.why === null ? null : `The machine cannot do the ${rate(fps.configured)} asked for.`;
    return [flow, held, failoverWords(camera)].filter((part) => part !== null).join(' ');
  }
  return [camera.message && sentence(camera.message), adviceFor(camera.code)].filter(Boolean).join(' ');
}
