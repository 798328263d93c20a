import { FaceEmbedder } from '../embedders/embed.ts';
import { expectTask } from '../expect-task.ts';
import type { Role } from '../processes/role-report.ts';
import type { CropScorer } from '../scorers/crop-scorer.ts';
import { openScorer } from '../scorers/open-scorer.ts';
import { scorerSide } from '../scorers/scorer-crops.ts';
import type { NetworkOpener } from './network-opener.ts';
import type { PlacedEmbedder, PlacedNetwork } from './networks.ts';
import { type GainsFromBatches, probeBatches } from './probe-batches.ts';

/** Faces that go through an embedder at once, at most, where it gains from that. */
export const MOST_FACES = 16;

/** @param o.gains default: whatever is no CPU. @throws {AppError} the MODEL codes. */
export async function openEmbedder(
  network: PlacedEmbedder,
  opener: NetworkOpener,
  { role = 'embedder', gains }: { role?: Role; gains?: GainsFromBatches | undefined } = {},
): Promise<FaceEmbedder> {
  const entry = expectTask(network.model.entry, 'embedder');
  const side = entry.embedding.cropSize;
  const session = await opener.open(role, network, [[1, 3, side, side]]);
  const batchSizes = await probeBatches(session, [1, 3, side, side], MOST_FACES, gains);
  for (const size of batchSizes.slice(1)) await session.run(session.input([size, 3, side, side]));
  return new FaceEmbedder(session, entry, { ...network, batchSizes });
}

/** @param networks of one ensemble. @throws {AppError} the MODEL codes. */
export async function openScorerNetworks(
  networks: readonly PlacedNetwork[],
  opener: NetworkOpener,
): Promise<CropScorer> {
  const loaded = [];
  for (const network of networks) {
    const entry = expectTask(network.model.entry, 'scorer');
    const side = scorerSide(entry);
    loaded.push({ entry, session: await opener.open('scorer', network, [[1, 3, side, side]]) });
  }
  return openScorer(loaded);
}
