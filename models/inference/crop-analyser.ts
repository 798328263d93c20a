import { type CropSheet, cropAt, cropsOn } from '../crop-sheet.ts';
import type { FaceEmbedder } from '../embedders/embed.ts';
import { recognisedFace } from '../embedders/recognised-face.ts';
import type { RoleProof } from '../processes/role-report.ts';
import type { CropScorer } from '../scorers/crop-scorer.ts';
import type { CropOptions, JudgedCrops } from './crop-work.ts';
import { NetworkOpener } from './network-opener.ts';
import type { Job, Networks, PlacedEmbedder, PlacedNetwork } from './networks.ts';
import { openEmbedder, openScorerNetworks } from './open-crop-networks.ts';

export interface CropAnalyserConfig {
  readonly work: 'crops';
  readonly embedder: KeyedEmbedder | null;
  /** Of the model that the gallery is being moved away from. Default: none. */
  readonly previous?: KeyedEmbedder | null;
  readonly scorers: readonly { readonly key: string; readonly networks: readonly PlacedNetwork[] }[];
}

interface KeyedEmbedder {
  readonly key: string;
  readonly network: PlacedEmbedder;
}

type CropRole = (sheet: CropSheet) => Promise<JudgedCrops>;

/** The networks that have processes of their own, without the detector: crops in, judgements out. */
export class CropAnalyser implements Networks<CropOptions, JudgedCrops> {
  readonly proofs: readonly RoleProof[];
  readonly most = 1;
  readonly withinMs = 0;
  readonly #roles: ReadonlyMap<string, CropRole>;

  private constructor(roles: ReadonlyMap<string, CropRole>, proofs: readonly RoleProof[]) {
    this.#roles = roles;
    this.proofs = proofs;
  }

  /** @throws {AppError} the MODEL codes. */
  static async open({ embedder, previous, scorers }: CropAnalyserConfig): Promise<CropAnalyser> {
    const opener = new NetworkOpener();
    const roles = new Map<string, CropRole>();
    if (embedder) roles.set(embedder.key, recognises(await openEmbedder(embedder.network, opener)));
    if (previous) {
      const role = 'previous-embedder';
      roles.set(previous.key, recognises(await openEmbedder(previous.network, opener, { role })));
    }
    for (const { key, networks } of scorers) roles.set(key, scores(await openScorerNetworks(networks, opener)));
    return new CropAnalyser(roles, opener.proofs);
  }

  async work(jobs: readonly Job<CropOptions>[]): Promise<PromiseSettledResult<JudgedCrops>[]> {
    const answers: PromiseSettledResult<JudgedCrops>[] = [];
    for (const { image, options } of jobs) {
      answers.push(...(await Promise.allSettled([this.#judge(image, options)])));
    }
    return answers;
  }

  async #judge(sheet: CropSheet, { key }: CropOptions): Promise<JudgedCrops> {
    const role = this.#roles.get(key);
    if (!role) throw new Error(`crops came for ${key}, which is not here`);
    return role(sheet);
  }
}

function recognises(embedder: FaceEmbedder): CropRole {
  return async (sheet) => {
    const crops = Array.from({ length: cropsOn(sheet) }, (_, i) => cropAt(sheet, i));
    const recognised = (await embedder.embedCrops(crops)).map((face) => recognisedFace(face, embedder.entry));
    return { recognised };
  };
}

function scores(scorer: CropScorer): CropRole {
  return async (sheet) => ({ scores: await scorer.scoreCrops(sheet) });
}
