import type { Sharp } from 'sharp';
import { median } from '../bench/report.ts';
import type { AnalysedFace, Box } from '../pipeline/face.ts';
import type { PixelImage } from '../pipeline/pixel-image.ts';
import { readPicture } from '../test/support/read-picture.ts';
import { cosine } from './all-pairs.ts';
import { analyseAll } from './analyse-all.ts';
import { analyseFilm, filmsIn } from './films.ts';
import type { OpenedNetworks } from './open-networks.ts';
import { portrayedFace } from './portrayed-face.ts';
import { readPairs } from './read-pairs.ts';
import { auroc } from './statistics/auroc.ts';

/** How far away the smallest faces are shown: the size of the camera frame that they stand in, and of the face. */
const FAR_AWAY = { facePx: 24, width: 640, height: 480 };
const DARK_GAIN = 0.15;
/** What the detector hardly believes itself: such are the non-faces that a gate gets to see. */
const PROPOSAL_CONFIDENCE = 0.005;
const EVERY_FRAME = 5;
const NON_FACES = 'non-faces';

export interface QualityGroup {
  readonly group: string;
  /** Pictures, or for non-faces proposals. */
  readonly shown: number;
  /** Of these the detector found (for non-faces: all). */
  readonly found: number;
  /** Found and refused by size or geometry: nothing was measured. */
  readonly refusedBefore: number;
  /** With a quality. */
  readonly measured: number;
  readonly medianQuality: number | null;
  /** Share of the measured below the gate. */
  readonly belowGate: number | null;
  /** Share of all shown that are not compared with anybody: not found, refused or below the gate. */
  readonly notCompared: number;
  /** Clean faces against this group, over the measured only: the strict figure. */
  readonly auroc: number | null;
  /**
   * Of the pairs of a measured face with a clean picture of the same person, those that the catalog's threshold accepts:
   * for faces above the gate and for those below it. Null where there are none.
   */
  readonly recognised: { readonly fit: number | null; readonly unfit: number | null };
  /** Why faces were unfit, also before they were measured, and how many. */
  readonly reasons: Readonly<Record<string, number>>;
}

export interface QualityReport {
  readonly embedder: string;
  readonly signal: string;
  readonly gate: number;
  readonly groups: readonly QualityGroup[];
  /** Clean against non-faces and σ 6 together, over the measured only. */
  readonly aurocNonFacesAndStrongBlur: number;
}

interface Measured {
  readonly group: string;
  /** By picture, null where no face was found; non-faces in any order. */
  readonly shown: readonly (AnalysedFace | null)[];
}

/** What `quality` says of clean and spoilt faces and of what is no face, through the product's own processes. */
export async function evaluateQuality(lfw: string, media: string, networks: OpenedNetworks): Promise<QualityReport> {
  const clean: (AnalysedFace | null)[] = await portrayed(lfw, networks, 'clean', (file) => readPicture(file));
  const files = readPairs(lfw).pictures.map(({ file }) => file);
  const widths = new Map(files.map((file, i) => [file, clean[i] ? widthOf(clean[i].box) : null]));
  const spoilt: [string, (file: string) => Promise<PixelImage> | null][] = [
    ['blurred, σ 3 px', (file) => readPicture(file, (picture) => picture.blur(3))],
    ['blurred, σ 6 px', (file) => readPicture(file, (picture) => picture.blur(6))],
    [`${FAR_AWAY.facePx} px wide`, (file) => farAway(file, widths.get(file) ?? null)],
    [`darkened to ${DARK_GAIN * 100} %`, (file) => readPicture(file, (picture) => picture.linear(DARK_GAIN, 0))],
  ];
  const measured: Measured[] = [{ group: 'clean', shown: clean }];
  for (const [group, read] of spoilt) {
    measured.push({ group, shown: await portrayed(lfw, networks, group, read) });
  }
  measured.push(await nonFaces(media, networks));
  const people = readPairs(lfw).pictures.map(({ person }) => person);
  return report(measured, people, networks);
}

async function portrayed(
  lfw: string,
  { analyser, atOnce, set }: OpenedNetworks,
  group: string,
  read: (file: string) => Promise<PixelImage> | null,
): Promise<(AnalysedFace | null)[]> {
  const { pictures } = readPairs(lfw);
  return analyseAll(pictures, { atOnce, label: `quality, ${set}, ${group}` }, async ({ file }) => {
    const image = await read(file);
    return image && portrayedFace((await analyser.analyse(image)).faces, image);
  });
}

/** The picture so small that its face is 24 px wide, in the middle of a grey camera frame, which the detector does not enlarge. */
function farAway(file: string, faceWidth: number | null): Promise<PixelImage> | null {
  if (faceWidth === null) return null;
  return readPicture(file, (picture: Sharp) => {
    const side = Math.round((250 * FAR_AWAY.facePx) / faceWidth);
    const [dx, dy] = [FAR_AWAY.width - side, FAR_AWAY.height - side];
    return picture.resize({ width: side, height: side, fit: 'fill' }).extend({
      left: dx >> 1,
      right: dx - (dx >> 1),
      top: dy >> 1,
      bottom: dy - (dy >> 1),
      background: { r: 128, g: 128, b: 128 },
    });
  });
}

/** Everything that the detector proposes, however unsure, in films without anybody. */
async function nonFaces(media: string, networks: OpenedNetworks): Promise<Measured> {
  const faces: AnalysedFace[] = [];
  for (const film of filmsIn(media).filter(({ faceFree }) => faceFree)) {
    const frames = await analyseFilm(film, networks, { confidence: PROPOSAL_CONFIDENCE, maxFaces: 20 }, EVERY_FRAME);
    faces.push(...frames.flat());
  }
  return { group: NON_FACES, shown: faces };
}

function report(
  measured: readonly Measured[],
  people: readonly number[],
  { embedder, gate }: OpenedNetworks,
): QualityReport {
  const qualities = new Map(
    measured.map(({ group, shown }) => [group, shown.flatMap((face) => face?.quality ?? [])] as const),
  );
  const of = (group: string) => qualities.get(group) as number[];
  const clean = of('clean');
  return {
    embedder: embedder.name,
    signal: embedder.calibration.quality.signal,
    gate,
    groups: measured.map(({ group, shown }) => {
      const found = shown.filter((face) => face !== null).length;
      const values = of(group);
      const below = values.filter((quality) => quality < gate).length;
      return {
        group,
        shown: shown.length,
        found,
        refusedBefore: found - values.length,
        measured: values.length,
        medianQuality: values.length > 0 ? median(values) : null,
        belowGate: values.length > 0 ? below / values.length : null,
        notCompared: 1 - (values.length - below) / shown.length,
        auroc: group === 'clean' || values.length === 0 ? null : auroc(clean, values),
        recognised:
          group === NON_FACES
            ? { fit: null, unfit: null }
            : recognised(shown, measured[0]!.shown, people, embedder.calibration.threshold),
        reasons: reasonsOf(shown),
      };
    }),
    aurocNonFacesAndStrongBlur: auroc(clean, [...of(NON_FACES), ...of('blurred, σ 6 px')]),
  };
}

function reasonsOf(faces: readonly (AnalysedFace | null)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const face of faces) if (face?.unfit) counts[face.unfit] = (counts[face.unfit] ?? 0) + 1;
  return counts;
}

function recognised(
  shown: readonly (AnalysedFace | null)[],
  clean: readonly (AnalysedFace | null)[],
  people: readonly number[],
  threshold: number,
): QualityGroup['recognised'] {
  const counts = { fit: { accepted: 0, pairs: 0 }, unfit: { accepted: 0, pairs: 0 } };
  for (const [a, face] of shown.entries()) {
    if (!face?.embedding) continue;
    const count = counts[face.unfit === null ? 'fit' : 'unfit'];
    for (const [b, other] of clean.entries()) {
      if (a === b || people[a] !== people[b] || !other?.embedding) continue;
      count.pairs += 1;
      if (cosine(face.embedding.vector, other.embedding.vector) >= threshold) count.accepted += 1;
    }
  }
  const share = ({ accepted, pairs }: { accepted: number; pairs: number }) => (pairs > 0 ? accepted / pairs : null);
  return { fit: share(counts.fit), unfit: share(counts.unfit) };
}

function widthOf([x1, , x2]: Box): number {
  return x2 - x1;
}
