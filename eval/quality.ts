import type { Sharp } from 'sharp';
import { median } from '../bench/report.ts';
import type { AnalysedFace, Box } from '../pipeline/face.ts';
import type { PixelImage } from '../pipeline/pixel-image.ts';
import { readPicture } from '../test/support/read-picture.ts';
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
  readonly shown: number;
  readonly faces: readonly AnalysedFace[];
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
  const measured: Measured[] = [{ group: 'clean', shown: clean.length, faces: clean.filter((face) => face !== null) }];
  for (const [group, read] of spoilt) {
    const faces = await portrayed(lfw, networks, group, read);
    measured.push({ group, shown: faces.length, faces: faces.filter((face) => face !== null) });
  }
  measured.push(await nonFaces(media, networks));
  return report(measured, networks);
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
  return { group: 'non-faces', shown: faces.length, faces };
}

function report(measured: readonly Measured[], { embedder, gate }: OpenedNetworks): QualityReport {
  const qualities = new Map(
    measured.map(({ group, faces }) => [group, faces.flatMap(({ quality }) => (quality === null ? [] : [quality]))]),
  );
  const of = (group: string) => qualities.get(group) as number[];
  const clean = of('clean');
  return {
    embedder: embedder.name,
    signal: embedder.calibration.quality.signal,
    gate,
    groups: measured.map(({ group, shown, faces }) => {
      const values = of(group);
      const below = values.filter((quality) => quality < gate).length;
      return {
        group,
        shown,
        found: faces.length,
        refusedBefore: faces.length - values.length,
        measured: values.length,
        medianQuality: values.length > 0 ? median(values) : null,
        belowGate: values.length > 0 ? below / values.length : null,
        notCompared: 1 - (values.length - below) / shown,
        auroc: group === 'clean' || values.length === 0 ? null : auroc(clean, values),
      };
    }),
    aurocNonFacesAndStrongBlur: auroc(clean, [...of('non-faces'), ...of('blurred, σ 6 px')]),
  };
}

function widthOf([x1, , x2]: Box): number {
  return x2 - x1;
}
