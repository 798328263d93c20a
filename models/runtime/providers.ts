import { AppError } from '../../config/app-error.ts';
import {
  EXECUTION_PROVIDERS,
  type ProviderName,
  runsOnDevice,
  shortProviderName,
} from '../../config/execution-providers.ts';
import type { RoleSettings } from '../../config/settings-schema.ts';

const HOW_TO_GET: Partial<Record<ProviderName, string>> = {
  cuda:
    "it needs (Linux x64) an NVIDIA driver, CUDA 12 with cuDNN 9 on LD_LIBRARY_PATH, and the runtime's CUDA libraries: " +
    'npm run gpu:install (in a checkout), npx facegate gpu install (as a package)',
  tensorrt: 'it needs everything that cuda needs (npm run gpu:install), and TensorRT 10 on LD_LIBRARY_PATH',
  webgpu:
    'it needs a GPU with a Vulkan, Metal or Direct3D 12 driver (Debian: apt-get install libvulkan1 mesa-vulkan-drivers)',
  coreml: 'it is there on macOS only',
  dml: 'it is there on Windows only',
};

/** Which providers to try, one after the other. */
export interface ProviderPlan {
  readonly candidates: readonly ProviderName[];
  /** Another one than the first is a loss that must be told; not so for `auto`. */
  readonly asked: boolean;
}

/**
 * Validates provider names ourselves: the runtime drops names that it does not know with a warning and runs on the CPU.
 *
 * @param requested `auto`, or names in the order of preference; the runtime's own (`CUDAExecutionProvider`) are accepted.
 * @param supported what this build of the runtime lists.
 * @throws {AppError} MODEL_PROVIDER_UNAVAILABLE for a name that is none.
 */
export function planProviders(requested: 'auto' | readonly string[], supported: readonly string[]): ProviderPlan {
  if (requested === 'auto') {
    // WebGPU is bundled everywhere and may be a software rasteriser: only on request.
    const better = (['cuda', 'coreml'] as const).filter((name) => supported.includes(name));
    return { candidates: [...better, 'cpu'], asked: false };
  }
  return { candidates: [...new Set(requested.map(providerName))], asked: true };
}

/** @throws {AppError} MODEL_PROVIDER_UNAVAILABLE for a name that is none. */
export function providerName(name: string): ProviderName {
  const short = shortProviderName(name);
  if (short !== null) return short;
  throw new AppError(
    'MODEL_PROVIDER_UNAVAILABLE',
    `"${name}" is no execution provider; known are ${Object.keys(EXECUTION_PROVIDERS).join(', ')} and "auto"`,
  );
}

/** What to install where a provider is missing. */
export function howToGet(name: ProviderName): string {
  return HOW_TO_GET[name] ?? '';
}

/**
 * Which providers a network asks for, once its device has had its say: `cpu` is the CPU alone, `cuda:N` and `MIG-…` are an
 * NVIDIA provider, and strictly so where nobody listed providers.
 *
 * @param common `models.providers`, for a network without a list of its own.
 * @throws {AppError} CONFIG_INVALID where the network's own list has nothing for its device.
 */
export function providersFor(
  role: Pick<RoleSettings, 'providers' | 'device'>,
  common: 'auto' | readonly string[],
): 'auto' | readonly string[] {
  const { device, providers: own } = role;
  if (device === undefined) return own ?? common;
  const fits = (name: string) => runsOnDevice(providerName(name), device);
  const alone = device === 'cpu' ? ['cpu'] : ['cuda'];
  const listed = own !== undefined && own !== 'auto' ? own : null;
  if (listed && !listed.some(fits)) {
    throw new AppError(
      'CONFIG_INVALID',
      `the device ${device} needs ${device === 'cpu' ? '"cpu"' : '"cuda" or "tensorrt"'} among its providers, got ${JSON.stringify(listed)}`,
    );
  }
  if (device === 'cpu') return alone;
  return listed ?? (common !== 'auto' && common.some(fits) ? common : alone);
}

/**
 * What the runtime is told to take a device by: the number of `cuda:N`. A MIG slice is all that its process sees
 * (`CUDA_VISIBLE_DEVICES`), and therefore device 0.
 */
export function executionProvider(
  provider: ProviderName,
  device: string | undefined,
): ProviderName | { name: ProviderName; deviceId: number } {
  if (device === undefined || device === 'cpu' || !runsOnDevice(provider, device)) return provider;
  return { name: provider, deviceId: Number(/^cuda:(\d+)$/.exec(device)?.[1] ?? 0) };
}

/** Operators that make up nearly all of a face network's work. */
const HEAVY = new Set(['Conv', 'FusedConv', 'ConvTranspose', 'Gemm', 'FusedGemm', 'MatMul', 'FusedMatMul']);

/** Who ran a network, as the runtime's own profile of one run tells it. */
export interface ProviderProof {
  /** The provider of every node counted; null where several shared them, or there are none. */
  readonly provider: ProviderName | null;
  /**
   * Convolutions and matrix products by provider. TensorRT and Core ML swallow whole subgraphs, so that no such operator
   * is left; then all kernels off the CPU are counted.
   */
  readonly nodes: Readonly<Record<string, number>>;
}

/** @param profile the JSON that `endProfiling` left behind. */
export function provenProvider(profile: string): ProviderProof {
  const events = JSON.parse(profile) as { cat?: string; args?: { provider?: string; op_name?: string } }[];
  const kernels = events.flatMap(({ cat, args }) =>
    cat === 'Node' && args?.provider ? [{ provider: args.provider, heavy: HEAVY.has(args.op_name ?? '') }] : [],
  );
  const heavy = kernels.filter((kernel) => kernel.heavy);
  const others = kernels.filter((kernel) => kernel.provider !== EXECUTION_PROVIDERS.cpu);
  const decisive = heavy.length > 0 ? heavy : others.length > 0 ? others : kernels;
  const counts = new Map<string, number>();
  for (const kernel of decisive) {
    const name = shortName(kernel.provider);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const nodes = Object.fromEntries(counts);
  const [only, ...more] = counts.keys();
  return {
    provider:
      only !== undefined && more.length === 0 && Object.hasOwn(EXECUTION_PROVIDERS, only)
        ? (only as ProviderName)
        : null,
    nodes,
  };
}

/** A provider that we do not know keeps the runtime's name. */
function shortName(own: string): string {
  return shortProviderName(own) ?? own;
}
