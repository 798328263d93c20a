import { AppError } from '../../config/app-error.ts';

/** Short name → the runtime's own. */
const PROVIDERS = {
  cpu: 'CPUExecutionProvider',
  cuda: 'CUDAExecutionProvider',
  tensorrt: 'TensorrtExecutionProvider',
  webgpu: 'WebGpuExecutionProvider',
  coreml: 'CoreMLExecutionProvider',
  dml: 'DmlExecutionProvider',
} as const;

export type ProviderName = keyof typeof PROVIDERS;

const HOW_TO_GET: Partial<Record<ProviderName, string>> = {
  cuda:
    "it needs an NVIDIA driver, CUDA 12 with cuDNN 9 on LD_LIBRARY_PATH, and the runtime's CUDA libraries " +
    '(Linux x64): node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12',
  tensorrt: 'it needs everything that cuda needs, and TensorRT 10 on LD_LIBRARY_PATH',
  webgpu: 'it needs a GPU with a Vulkan, Metal or Direct3D 12 driver',
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

function providerName(name: string): ProviderName {
  for (const [short, own] of Object.entries(PROVIDERS)) {
    if (name === short || name === own) return short as ProviderName;
  }
  throw new AppError(
    'MODEL_PROVIDER_UNAVAILABLE',
    `"${name}" is no execution provider; known are ${Object.keys(PROVIDERS).join(', ')} and "auto"`,
  );
}

/** What to install where a provider is missing. */
export function howToGet(name: ProviderName): string {
  return HOW_TO_GET[name] ?? '';
}

/** Operators that make up nearly all of a face network's work. */
const HEAVY = new Set(['Conv', 'FusedConv', 'ConvTranspose', 'Gemm', 'FusedGemm', 'MatMul', 'FusedMatMul']);

/**
 * Which provider ran a network, from the runtime's profile of one run: the one of every convolution and matrix product.
 * TensorRT and Core ML swallow whole subgraphs, so that no such operator is left; then it is the one of all kernels.
 *
 * @param profile the JSON that `endProfiling` left behind.
 * @returns null where several shared the work, or the profile has no kernels.
 */
export function provenProvider(profile: string): ProviderName | null {
  const events = JSON.parse(profile) as { cat?: string; args?: { provider?: string; op_name?: string } }[];
  const kernels = events.flatMap(({ cat, args }) =>
    cat === 'Node' && args?.provider ? [{ provider: args.provider, heavy: HEAVY.has(args.op_name ?? '') }] : [],
  );
  const heavy = kernels.filter((kernel) => kernel.heavy);
  const others = kernels.filter((kernel) => kernel.provider !== PROVIDERS.cpu);
  const decisive = heavy.length > 0 ? heavy : others.length > 0 ? others : kernels;
  const [first, ...more] = new Set(decisive.map((kernel) => kernel.provider));
  if (first === undefined || more.length > 0) return null;
  const known = Object.entries(PROVIDERS).find(([, own]) => own === first);
  return (known?.[0] as ProviderName | undefined) ?? null;
}
