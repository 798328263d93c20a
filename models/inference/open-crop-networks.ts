import { FaceEmbedder } from '../embedders/embed.ts';
import type { CropScorer } from '../scorers/crop-scorer.ts';
import { openScorer } from '../scorers/open-scorer.ts';
import { scorerSide } from '../scorers/scorer-crops.ts';
import { expectTask, type NetworkOpener } from './network-opener.ts';
import type { PlacedEmbedder, PlacedNetwork } from './networks.ts';

/** @throws {AppError} the MODEL codes. */
export async function openEmbedder(network: PlacedEmbedder, opener: NetworkOpener): Promise<FaceEmbedder> {
  const entry = expectTask(network.model.entry, 'embedder');
  const side = entry.embedding.cropSize;
  return new FaceEmbedder(await opener.open('embedder', network, [[1, 3, side, side]]), entry, network);
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
