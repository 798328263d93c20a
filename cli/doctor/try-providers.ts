import type { Settings } from '../../config/settings-schema.ts';
import { providerName, providersFor } from '../../models/runtime/providers.ts';
import type { TriedProvider } from './check-provider.ts';
import type { SelfTestAnswer, SelfTestRequest } from './run-self-test.ts';

/** What the runtime can have on a system, besides the CPU. */
const OF_PLATFORM: Readonly<Record<string, readonly string[]>> = {
  linux: ['cuda', 'tensorrt', 'webgpu'],
  darwin: ['coreml', 'webgpu'],
  win32: ['dml', 'webgpu'],
};

export interface TryProvidersOptions {
  readonly models: Settings['models'];
  readonly platform: string;
  /** What `auto` tries first on this machine. */
  readonly autoProvider: string;
  readonly run: (request: SelfTestRequest) => Promise<SelfTestAnswer>;
}

/**
 * Tries every provider that this system can have or the settings ask for, one after the other (their times would disturb
 * each other), and says how much each is needed.
 */
export async function tryProviders(options: TryProvidersOptions): Promise<TriedProvider[]> {
  const { models, platform, autoProvider, run } = options;
  const roles = [models.detector, models.embedder, ...models.scorers];
  const asked = roles.map((role) => {
    const providers = providersFor(role, models.providers);
    return { device: role.device, names: providers === 'auto' ? [autoProvider, 'cpu'] : providers.map(providerName) };
  });
  const tries = new Map<string, SelfTestRequest>();
  const add = (provider: string, device?: string) => {
    const own = provider === 'cuda' || provider === 'tensorrt' ? device : undefined;
    tries.set(`${provider} ${own ?? ''}`, { provider, device: own });
  };
  add('cpu');
  for (const { device, names } of asked) for (const name of names) add(name, device);
  const named = new Set([...tries.values()].map(({ provider }) => provider));
  for (const name of OF_PLATFORM[platform] ?? []) if (!named.has(name)) add(name);

  const answers = new Map<string, SelfTestAnswer>();
  for (const [key, request] of tries) answers.set(key, await run(request));

  return [...tries].map(([key, { provider, device }]) => {
    const lists = asked.filter(
      (each) => each.names.includes(provider) && (device === undefined || each.device === device),
    );
    const ran = (name: string) =>
      [...tries].some(([other, request]) => request.provider === name && answers.get(other)?.state === 'ran');
    const alone = lists.some(({ names }) => !names.some(ran));
    return {
      name: device === undefined ? provider : `${provider} (${device})`,
      asked: lists.length === 0 ? 'no' : alone ? 'strict' : 'preferred',
      answer: answers.get(key)!,
    };
  });
}
