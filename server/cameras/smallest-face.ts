import type { DetectorReach } from './detector-reach.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The settings that decide how small a face may be. */
export interface FaceSizeSettings {
  /** `cameras[].width`. */
  readonly width: number;
  /** `models.detector.inputSize`. */
  readonly inputSize: number;
  /** `models.detector.minFacePx`. */
  readonly minFacePx: number;
}

export interface SmallestFace {
  /** Least width of a face in the camera's own picture, pixels. */
  readonly px: number;
  /** The same in the picture that is analysed. */
  readonly framePx: number;
  /** What sets it: narrower faces are unfit (`minFacePx`), or the network does not find them (`inputSize`). */
  readonly limitedBy: 'minFacePx' | 'inputSize';
  /** The settings that this holds for. */
  readonly width: number;
  readonly inputSize: number;
}

/**
 * How wide a face must be to be found and fit.
 *
 * A picture W pixels wide is scaled down to `width` (never up), and that frame into the network's input, whose longest side
 * is `inputSize`. The network finds a face from its smallest anchor on; the frame's face must have `minFacePx` as well. Both
 * are turned back into pixels of the frame, the larger one decides, and that into pixels of the camera:
 *
 *     framePx = max(minFacePx, anchor × longest side of the frame / inputSize)
 *     px      = framePx × W / width of the frame
 *
 * @param stream the camera's picture, pixels.
 */
export function smallestFace(stream: Size, settings: FaceSizeSettings, reach: DetectorReach): SmallestFace {
  const inputSize = reach.fixedInput ?? settings.inputSize;
  const scale = Math.min(1, settings.width / stream.width);
  const longestSide = scale * Math.max(stream.width, stream.height);
  const seenSide = reach.enlarges ? longestSide : Math.max(longestSide, inputSize);
  const byNetwork = (reach.anchorPx * seenSide) / inputSize;
  const framePx = Math.max(settings.minFacePx, byNetwork);
  return {
    px: Math.ceil(framePx / scale - 1e-9),
    framePx: Math.ceil(framePx - 1e-9),
    limitedBy: byNetwork > settings.minFacePx ? 'inputSize' : 'minFacePx',
    width: settings.width,
    inputSize,
  };
}

/**
 * Settings that find faces of `wantedPx` in the camera's picture, or, where that cannot be had, the smallest that can: as
 * wide a frame as such a face needs for `minFacePx`, and as large an input as it needs for the smallest anchor there. No
 * more than that, since detecting takes time by the square of `inputSize`.
 *
 * @returns null where they would find hardly smaller faces than the settings do.
 */
export function betterSettings(
  stream: Size,
  settings: FaceSizeSettings,
  reach: DetectorReach,
  wantedPx: number,
): SmallestFace | null {
  const share = Math.min(1, settings.minFacePx / Math.max(1, wantedPx));
  const needed = roundUp(stream.width * share, 2);
  const width = Math.min(Math.max(needed, settings.width), WIDEST);
  const scale = Math.min(1, width / stream.width);
  const face = Math.max(settings.minFacePx, wantedPx * scale);
  const longestSide = scale * Math.max(stream.width, stream.height);
  const wantedInput = roundUp((reach.anchorPx * longestSide) / face, 32);
  const inputSize = Math.min(Math.max(wantedInput, settings.inputSize), LARGEST_INPUT);
  const better = smallestFace(stream, { ...settings, width, inputSize }, reach);
  const now = smallestFace(stream, settings, reach);
  return better.px <= 0.9 * now.px ? better : null;
}

/** The largest that the settings take. */
const WIDEST = 3840;
const LARGEST_INPUT = 2048;

const roundUp = (value: number, to: number): number => Math.ceil(value / to - 1e-9) * to;
