import { AppError } from '../../config/app-error.ts';
import type { Settings } from '../../config/settings-schema.ts';
import { CATALOG, type CatalogEntry, scorerEntries } from '../../models/catalog.ts';
import type { DetectorPlace } from '../../models/choose-detector.ts';
import { AUTO, autoDetector } from '../../models/choose-models.ts';
import type { ModelStore } from '../../models/store.ts';
import type { NeededModel } from './check-model.ts';

/** Which networks the settings ask for, and where each is. Fetches nothing: `store` is offline. */
export async function neededModels(
  { detector, embedder, scorers }: Settings['models'],
  place: DetectorPlace,
  store: ModelStore,
): Promise<NeededModel[]> {
  const named = [
    { role: 'detector', name: detector.model === 'auto' ? (await autoDetector(store, place)).name : detector.model },
    { role: 'embedder', name: embedder.model === 'auto' ? AUTO.embedder : embedder.model },
    ...(embedder.previous === undefined ? [] : [{ role: 'previous embedder', name: embedder.previous }]),
    ...scorers.flatMap(({ model }) => {
      const entries = scorerEntries(model);
      return (entries.length > 0 ? entries.map(({ name }) => name) : [model]).map((name) => ({ role: 'scorer', name }));
    }),
  ];
  return Promise.all(named.map(async ({ role, name }) => ({ role, name, state: await stateOf(name, store) })));
}

async function stateOf(name: string, store: ModelStore): Promise<NeededModel['state']> {
  const entry: CatalogEntry | undefined = CATALOG.get(name);
  try {
    const { path, verified = false } = await store.resolve(name);
    return { at: 'here', path, verified };
  } catch (error) {
    const { code, message } = AppError.from(error);
    if (code === 'MODEL_NOT_FOUND' && entry && entry.url !== null) return { at: 'catalog' };
    return { at: 'nowhere', why: message };
  }
}
