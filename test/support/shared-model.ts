import { join } from 'node:path';
import { catalogEntry } from '../../models/catalog.ts';
import type { ResolvedModel } from '../../models/store.ts';
import { sharedDir } from './requirements.ts';

/** A real model of ../shared/models; only where `requirement('shared')` is met. */
export function sharedModel(name: string): ResolvedModel {
  return { entry: catalogEntry(name), path: join(sharedDir, 'models', `${name}.onnx`), origin: '../shared/models' };
}
