import { PRESET_NAMES } from '../config/presets.ts';
import { settingsSchema } from '../config/settings-schema.ts';
import { CATALOG, catalogEntry, type DetectorEntry } from '../models/catalog.ts';
import type { Box, Detection } from '../pipeline/face.ts';
import { analyseFilm, type Film, filmsIn } from './films.ts';
import { type OpenedNetworks, openNetworks } from './open-networks.ts';

/** Whose presets were chosen by hand; the others are to mean the same. */
const REFERENCE = 'retinaface-mobilenet025';
/** Detections below it are nobody's preset. */
const LEAST_CONFIDENCE = 0.1;
/** Two boxes that overlap more are one face. */
const SAME_FACE = 0.4;

export interface PresetReport {
  readonly detector: string;
  /** The surest detection where nobody is; null where there is none above 0.1. */
  readonly surestNonFace: number | null;
  readonly presets: readonly {
    readonly preset: string;
    /** With which it finds as many faces as the reference with its own. */
    readonly confidence: number | null;
    /** What the catalog says. */
    readonly catalog: number;
    /** At the catalog's confidence: faces found, and how many of the reference's own are among them. */
    readonly faces: number;
    readonly alsoReference: number;
    readonly referenceFaces: number;
    /** Faces found where nobody is. */
    readonly falseFaces: number;
  }[];
}

type Frames = readonly (readonly Detection[])[];
type Found = ReadonlyMap<Film, Frames>;

/**
 * The confidence with which each detector that is here finds as many faces as the reference does with its preset, over the
 * films in which it gets there at all.
 */
export async function evaluatePresets(folder: string): Promise<PresetReport[]> {
  const films = filmsIn(folder);
  const names = [...CATALOG.values()].flatMap(({ task, name }) =>
    task === 'detector' && name !== REFERENCE ? [name] : [],
  );
  const reference = await detections(REFERENCE, films);
  if (!reference) throw new Error(`the weights of ${REFERENCE} are not here`);
  const reports = [report(REFERENCE, reference, reference)];
  for (const name of names) {
    const found = await detections(name, films);
    if (found) reports.push(report(name, found, reference));
    else process.stderr.write(`presets: ${name} is not here\n`);
  }
  return reports;
}

/** Null where the weights are not here. */
async function detections(detector: string, films: readonly Film[]): Promise<Found | null> {
  let opened: OpenedNetworks;
  try {
    opened = await openNetworks({ set: 'usual', detector });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODEL_NOT_FOUND') return null;
    throw error;
  }
  await using networks = opened;
  const { minFacePx } = settingsSchema.parse({}).models.detector;
  const found = new Map<Film, Frames>();
  for (const film of films) {
    process.stderr.write(`presets, ${detector}: ${film.name}\n`);
    const frames = await analyseFilm(film, networks, {
      confidence: LEAST_CONFIDENCE,
      want: 'detections',
      maxFaces: 100,
    });
    found.set(
      film,
      frames.map((faces) => faces.filter(({ box }) => box[2] - box[0] >= minFacePx)),
    );
  }
  return found;
}

function report(detector: string, found: Found, reference: Found): PresetReport {
  const own = (catalogEntry(detector) as DetectorEntry).presets;
  const theirs = (catalogEntry(REFERENCE) as DetectorEntry).presets;
  const people = [...found.keys()].filter(({ faceFree }) => !faceFree);
  const faceFree = [...found.keys()].filter((film) => film.faceFree);
  const nonFaces = faceFree.flatMap((film) => confidencesIn(found, film));
  return {
    detector,
    surestNonFace: nonFaces.length > 0 ? Math.max(...nonFaces) : null,
    presets: PRESET_NAMES.map((preset) => {
      const matched = people.map((film) =>
        matchedIn(found.get(film)!, reference.get(film)!, own[preset], theirs[preset]),
      );
      return {
        preset,
        confidence: asManyAs(found, reference, people, theirs[preset]),
        catalog: own[preset],
        faces: count(
          people.flatMap((film) => confidencesIn(found, film)),
          own[preset],
        ),
        alsoReference: matched.reduce((sum, n) => sum + n, 0),
        referenceFaces: count(
          people.flatMap((film) => confidencesIn(reference, film)),
          theirs[preset],
        ),
        falseFaces: count(nonFaces, own[preset]),
      };
    }),
  };
}

function asManyAs(found: Found, reference: Found, films: readonly Film[], confidence: number): number | null {
  let wanted = 0;
  const confidences: number[] = [];
  for (const film of films) {
    const theirs = count(confidencesIn(reference, film), confidence);
    const own = confidencesIn(found, film);
    if (own.length < theirs) continue;
    wanted += theirs;
    confidences.push(...own);
  }
  confidences.sort((a, b) => b - a);
  return confidences[wanted - 1] ?? null;
}

/** How many of the reference's faces are found as well. */
function matchedIn(frames: Frames, reference: Frames, own: number, theirs: number): number {
  let matched = 0;
  for (const [at, faces] of reference.entries()) {
    const found = frames[at]!.filter(({ confidence }) => confidence >= own);
    for (const { box, confidence } of faces) {
      if (confidence >= theirs && found.some((face) => overlap(face.box, box) > SAME_FACE)) matched += 1;
    }
  }
  return matched;
}

function confidencesIn(found: Found, film: Film): number[] {
  return found.get(film)!.flatMap((faces) => faces.map(({ confidence }) => confidence));
}

function count(confidences: readonly number[], least: number): number {
  return confidences.filter((confidence) => confidence >= least).length;
}

/** Intersection over union. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = ([x1, y1, x2, y2]: Box) => (x2 - x1) * (y2 - y1);
  return (width * height) / (area(a) + area(b) - width * height);
}
