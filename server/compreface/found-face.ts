import type { AnalysedFace } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { AnalysisTimings } from '../../pipeline/ports.ts';
import { detectionView } from '../pictures/detection-view.ts';
import type { ServerParts } from '../server-parts.ts';
import type { FoundFace, PictureQuery } from './compreface-schemas.ts';

/** What a picture showed. */
export interface Look {
  readonly image: PixelImage;
  /** Largest first. */
  readonly faces: readonly AnalysedFace[];
  /** How many were found before any limit. */
  readonly found: number;
  readonly timings: AnalysisTimings;
}

/** What of a face is answered, by the query. */
export interface Wanted {
  readonly landmarks: boolean;
  readonly embedding: boolean;
  readonly status: boolean;
}

export function wantedBy({ face_plugins, status }: Pick<PictureQuery, 'face_plugins' | 'status'>): Wanted {
  const asked = new Set(face_plugins.split(',').map((name) => name.trim().toLowerCase()));
  return { landmarks: asked.has('landmarks'), embedding: asked.has('calculator'), status };
}

/** A face in CompreFace's words; what was not asked for, or is not known, is left out. */
export function foundFace(face: AnalysedFace, { image, found, timings }: Look, wanted: Wanted): FoundFace {
  const { bbox, keypoints } = detectionView(face, image);
  const [x_min, y_min, x_max, y_max] = bbox;
  return {
    box: { probability: fiveDigits(face.confidence), x_max, y_max, x_min, y_min },
    ...(wanted.landmarks && { landmarks: Object.values(keypoints) }),
    ...(wanted.embedding && face.embedding && { embedding: [...face.embedding.vector] }),
    ...(wanted.status && {
      execution_time: { detector: timings.detect, ...(timings.embed > 0 && { calculator: timings.embed / found }) },
    }),
  };
}

/** Which model did what, under CompreFace's names for the jobs; nothing where the status was not asked for. */
export function pluginsVersions(
  { roles }: Pick<ServerParts, 'roles'>,
  wanted: Wanted,
): { plugins_versions?: Record<string, string> } {
  if (!wanted.status) return {};
  const names: Record<string, string> = { detector: 'detector', landmarks: 'landmarks', embedder: 'calculator' };
  const entries = roles().flatMap(({ role, model }) => (names[role] ? [[names[role], model] as const] : []));
  return { plugins_versions: Object.fromEntries(entries) };
}

function fiveDigits(value: number): number {
  return Math.round(value * 1e5) / 1e5;
}
