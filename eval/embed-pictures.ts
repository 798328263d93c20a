import type { QualityParts } from '../pipeline/face.ts';
import { readPicture } from '../test/support/read-picture.ts';
import type { EmbeddedPicture } from './all-pairs.ts';
import { analyseAll } from './analyse-all.ts';
import type { OpenedNetworks } from './open-networks.ts';
import { portrayedFace } from './portrayed-face.ts';
import type { LfwView } from './read-pairs.ts';

export interface AnalysedPicture extends EmbeddedPicture {
  /** A face was found. */
  readonly found: boolean;
  readonly fit: boolean;
  readonly parts: QualityParts;
}

/** Every picture of the view, in its order: detected, aligned and embedded by the product's own processes. */
export function embedPictures(
  { pictures }: Pick<LfwView, 'pictures'>,
  networks: OpenedNetworks,
  confidence: number,
): Promise<AnalysedPicture[]> {
  const { analyser, atOnce, set } = networks;
  return analyseAll(pictures, { atOnce, label: `pictures, ${set}` }, async ({ file, person }) => {
    const image = await readPicture(file);
    const face = portrayedFace((await analyser.analyse(image, { confidence })).faces, image);
    return {
      person,
      vector: face?.embedding?.vector ?? null,
      found: face !== null,
      fit: face?.unfit === null,
      parts: face?.qualityParts ?? {},
    };
  });
}
