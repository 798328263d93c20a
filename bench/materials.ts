import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { mirrorsFrom } from '../config/mirrors.ts';

const FILM = 'walk-to-camera-1080p25.mp4';
const EMPTY = 'cars-no-face.mp4';

/** The film that everything is measured on (docs/performance.md says where it is from). */
export function film(): string {
  return mediaFile(FILM);
}

/** Traffic, and nobody's face. */
export function emptyFilm(): string {
  return mediaFile(EMPTY);
}

export function modelMirrors(): string[] {
  return mirrorsFrom(process.env.FACEGATE_MODEL_MIRROR);
}

function mediaFile(name: string): string {
  const folders = mirrorsFrom(process.env.FACEGATE_MEDIA_MIRROR);
  const found = folders.map((folder) => join(folder, name)).find(existsSync);
  if (found) return found;
  throw new Error(`FACEGATE_MEDIA_MIRROR must name a folder with ${name}; looked in ${folders.join(', ') || 'none'}`);
}
