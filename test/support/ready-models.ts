import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModelStore, type ResolvedModel } from '../../models/store.ts';
import { recordedLog } from './recorded-log.ts';
import { requirement } from './requirements.ts';
import { sharedModel } from './shared-model.ts';

export interface ReadyModels {
  readonly detector: ResolvedModel;
  readonly embedder: ResolvedModel;
  readonly landmarks?: ResolvedModel;
}

/** Real networks on any machine: those of ../shared where it is there, else the starter set, built on the spot. */
export async function readyModels(): Promise<ReadyModels> {
  if (requirement('shared').met) {
    return { detector: sharedModel('retinaface-mobilenet025'), embedder: sharedModel('mobilefacenet-arcface-128d') };
  }
  return starterModels();
}

export async function starterModels(): Promise<Required<ReadyModels>> {
  const dir = mkdtempSync(join(tmpdir(), 'facegate-starter-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  const store = openModelStore({ dir, mirrors: [], starter: true, offline: true, log: recordedLog() });
  const [detector, embedder, landmarks] = await Promise.all(
    ['starter-ssd-mobilenetv1', 'starter-dlib-128d', 'starter-landmarks68'].map((name) => store.resolve(name)),
  );
  return { detector: detector!, embedder: embedder!, landmarks: landmarks! };
}
