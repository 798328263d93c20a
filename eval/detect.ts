import { median } from '../bench/report.ts';
import { analyseFilm, filmsIn } from './films.ts';
import type { OpenedNetworks } from './open-networks.ts';

/** The detector's presets `album`, `default` and `access-control`. */
const CONFIDENCES = [0.5, 0.7, 0.85] as const;

export interface FilmReport {
  readonly film: string;
  readonly faceFree: boolean;
  readonly frames: number;
  /** The surest detection of the film; null where nothing reached `CONFIDENCES[0]`. */
  readonly highestConfidence: number | null;
  readonly at: readonly {
    readonly confidence: number;
    readonly faces: number;
    readonly framesWithFaces: number;
    /** How many frames show 0, 1, 2, … faces. */
    readonly framesByFaces: readonly number[];
    readonly medianFaces: number;
  }[];
}

export interface DetectReport {
  readonly detector: string;
  /** Faces found at 0.85 in all face-free films together. */
  readonly falseFaces: number;
  readonly films: readonly FilmReport[];
}

/** How many faces are found in every frame of every film; in the face-free ones there must be none. */
export async function evaluateDetect(folder: string, networks: OpenedNetworks): Promise<DetectReport> {
  const films: FilmReport[] = [];
  for (const film of filmsIn(folder)) {
    process.stderr.write(`detect, ${networks.set}: ${film.name}\n`);
    const frames = await analyseFilm(film, networks, { confidence: CONFIDENCES[0], want: 'detections' });
    const confidences = frames.flat().map((face) => face.confidence);
    films.push({
      film: film.name,
      faceFree: film.faceFree,
      frames: frames.length,
      highestConfidence: confidences.length > 0 ? Math.max(...confidences) : null,
      at: CONFIDENCES.map((confidence) => {
        const counts = frames.map((faces) => faces.filter((face) => face.confidence >= confidence).length);
        const framesByFaces = new Array<number>(Math.max(0, ...counts) + 1).fill(0);
        for (const count of counts) framesByFaces[count]! += 1;
        return {
          confidence,
          faces: counts.reduce((sum, count) => sum + count, 0),
          framesWithFaces: counts.filter((count) => count > 0).length,
          framesByFaces,
          medianFaces: median(counts),
        };
      }),
    });
  }
  const falseFaces = films
    .filter(({ faceFree }) => faceFree)
    .reduce((sum, { at }) => sum + at.find(({ confidence }) => confidence === 0.85)!.faces, 0);
  return { detector: networks.detector, falseFaces, films };
}
