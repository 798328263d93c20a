import type { CameraView } from '../api/api-types.ts';
import { sentence } from '../ui/sentence.ts';
import { clockTime, spanWords } from '../ui/time-words.ts';

/** A camera that shows nothing new for so long is not live, whatever its state says. */
export const STALE_AFTER_MS = 5000;

export interface Liveness {
  readonly live: boolean;
  /** `waiting` is on its way and not yet a reason to worry. */
  readonly tone: 'live' | 'waiting' | 'off';
  /** The state in one or two words. */
  readonly word: string;
  /** Why it is not live, and since when; null while it is. */
  readonly sentence: string | null;
}

const WORDS: Record<CameraView['state'], string> = {
  idle: 'Not started',
  connecting: 'Connecting',
  running: 'Live',
  stalled: 'Stalled',
  frozen: 'Frozen',
  reconnecting: 'Reconnecting',
  closed: 'Stopped',
  failed: 'Failed',
};

const SENTENCES: Record<Exclude<CameraView['state'], 'running'>, string> = {
  idle: 'The camera is not switched on.',
  connecting: 'Connecting to the camera.',
  stalled: 'The camera is connected but sends no new picture.',
  frozen: 'The camera repeats one picture.',
  reconnecting: 'The camera is away; facegate keeps trying.',
  closed: 'The camera was stopped.',
  failed: 'The camera has failed and is not tried again.',
};

/**
 * Whether a tile may look live.
 * @param lastPictureMs wall-clock milliseconds at which its newest picture was drawn, null where none was.
 * @param watchedSinceMs since when pictures were asked for: a tile that just opened is not stale.
 */
export function cameraLiveness(
  camera: Pick<CameraView, 'state' | 'message' | 'since' | 'retryAt'>,
  lastPictureMs: number | null,
  watchedSinceMs: number,
  connected: boolean,
  nowMs: number,
): Liveness {
  const age = lastPictureMs === null ? null : nowMs - lastPictureMs;
  if (!connected) {
    const since = lastPictureMs === null ? '' : ` The last picture is from ${clockTime(lastPictureMs, nowMs)}.`;
    return { live: false, tone: 'off', word: 'Not connected', sentence: `No connection to the server.${since}` };
  }
  if (camera.state !== 'running') {
    const what = camera.message ? sentence(camera.message) : SENTENCES[camera.state];
    const since = ` Since ${clockTime(camera.since, nowMs)}.`;
    const retryIn = camera.retryAt === null ? null : Math.ceil((Date.parse(camera.retryAt) - nowMs) / 1000);
    const retry =
      camera.state !== 'reconnecting' || retryIn === null
        ? ''
        : retryIn > 0
          ? ` Next try in ${spanWords(retryIn)}.`
          : ' Trying now.';
    return {
      live: false,
      tone: camera.state === 'connecting' ? 'waiting' : 'off',
      word: WORDS[camera.state],
      sentence: what + since + retry,
    };
  }
  if (age === null) {
    const waited = nowMs - watchedSinceMs;
    if (waited < STALE_AFTER_MS)
      return { live: false, tone: 'waiting', word: 'Opening', sentence: 'Waiting for the first picture.' };
    return {
      live: false,
      tone: 'off',
      word: 'No picture',
      sentence: `The camera runs, but no picture has come for ${spanWords(waited / 1000)}.`,
    };
  }
  if (age > STALE_AFTER_MS) {
    return {
      live: false,
      tone: 'off',
      word: 'Stale',
      sentence: `No new picture for ${spanWords(age / 1000)}, since ${clockTime(lastPictureMs!, nowMs)}.`,
    };
  }
  return { live: true, tone: 'live', word: WORDS.running, sentence: null };
}
