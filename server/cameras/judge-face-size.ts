import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { FaceAnalyser } from '../../pipeline/ports.ts';
import type { DetectorReach } from './detector-reach.ts';
import { facesInTiles } from './faces-in-tiles.ts';
import { betterSettings, type FaceSizeSettings, type SmallestFace, smallestFace } from './smallest-face.ts';

/** Whether a camera shows faces large enough, and what would help. */
export interface FaceSizeReport {
  readonly smallestFace: SmallestFace;
  /** Those in the picture, also such as the settings do not find; null where nobody looked. */
  readonly faces: {
    readonly found: number;
    readonly tooSmall: number;
    /** Width of the narrowest one in the camera's own picture, pixels; null without a face. */
    readonly smallestPx: number | null;
  } | null;
  /** Settings that find smaller faces, where that is called for; `px` is what they find. */
  readonly better: {
    readonly width: number;
    readonly inputSize: number;
    readonly px: number;
    readonly why: string;
  } | null;
}

export interface FaceSizeQuestion {
  /** The camera's own picture, pixels. */
  stream: { readonly width: number; readonly height: number };
  settings: FaceSizeSettings;
  reach: DetectorReach;
}

/** Without looking at a picture: `better` is whatever finds the smallest faces that the camera's picture can hold. */
export function faceSizeOf({ stream, settings, reach }: FaceSizeQuestion): FaceSizeReport {
  const now = smallestFace(stream, settings, reach);
  const better = betterSettings(stream, settings, reach, settings.minFacePx);
  return {
    smallestFace: now,
    faces: null,
    better: better && {
      ...namesOf(better),
      why: `a face of ${better.px} px would do instead of ${now.px} px${cost(now, better)}`,
    },
  };
}

/** Looks for faces in a picture of the camera; `better` is what the smallest of them needs, where it is too small. */
export async function judgeFaceSize(
  { stream, settings, reach }: FaceSizeQuestion,
  picture: PixelImage,
  analyser: Pick<FaceAnalyser, 'analyse'>,
  signal: AbortSignal,
): Promise<FaceSizeReport> {
  const now = smallestFace(stream, settings, reach);
  const boxes = await facesInTiles(picture, analyser, now.inputSize, signal);
  const widths = boxes.map(([x1, , x2]) => ((x2 - x1) * stream.width) / picture.width);
  const tooSmall = widths.filter((width) => width < now.px).length;
  const smallest = widths.length === 0 ? null : Math.min(...widths);
  const better = smallest !== null && tooSmall > 0 ? betterSettings(stream, settings, reach, smallest) : null;
  const faces = boxes.length === 1 ? '1 face is' : `${boxes.length} faces ${tooSmall === 1 ? 'is' : 'are'}`;
  return {
    smallestFace: now,
    faces: { found: boxes.length, tooSmall, smallestPx: smallest === null ? null : Math.floor(smallest) },
    better: better && {
      ...namesOf(better),
      why: `${tooSmall} of ${faces} too small at these settings${cost(now, better)}`,
    },
  };
}

const namesOf = ({ width, inputSize, px }: SmallestFace) => ({ width, inputSize, px });

function cost(now: SmallestFace, better: SmallestFace): string {
  const times = (better.inputSize / now.inputSize) ** 2;
  return times < 1.2 ? '' : `; looking for faces then takes about ${times.toFixed(times < 3 ? 1 : 0)} times as long`;
}
