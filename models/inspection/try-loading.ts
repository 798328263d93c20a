import { AppError } from '../../config/app-error.ts';
import type { CatalogEntry } from '../catalog.ts';
import { Session } from '../runtime/session.ts';
import type { ResolvedModel } from '../store.ts';
import type { LoadTrial, ProviderTrial } from './inspect-messages.ts';

/** Side at which a network of any input size is tried, pixels. */
const TRIED_AT = 640;

/**
 * Loads a model as an inference process does, and runs it once.
 *
 * @throws {AppError} what `Session.open` throws.
 */
export async function tryLoading(model: ResolvedModel): Promise<LoadTrial> {
  const before = process.memoryUsage.rss();
  const session = await Session.open(model, {
    providers: ['cpu'],
    warmUp: [inputShape(model.entry)],
    timingOnly: true,
  });
  const memoryMb = Math.max(0, Math.round((process.memoryUsage.rss() - before) / 2 ** 20));
  await session.close();
  return { provider: session.provider, memoryMb };
}

/** Asks one provider, and it alone, to run a model. */
export async function tryProvider(model: ResolvedModel, provider: string): Promise<ProviderTrial> {
  try {
    const shape = inputShape(model.entry);
    const session = await Session.open(model, { providers: [provider], warmUp: [shape], timingOnly: true });
    const input = session.input(shape);
    const began = performance.now();
    await session.run(input);
    const latencyMs = performance.now() - began;
    await session.close();
    return { provider, latencyMs, why: null };
  } catch (error) {
    const { code, message } = AppError.from(error);
    if (code !== 'MODEL_PROVIDER_UNAVAILABLE') throw error;
    return { provider, latencyMs: null, why: message };
  }
}

function inputShape({ input }: CatalogEntry): number[] {
  const [width, height] = input.size ?? [TRIED_AT, TRIED_AT];
  return [1, 3, height, width];
}
