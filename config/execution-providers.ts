/** Execution providers: the name that the settings use → the runtime's own. */
export const EXECUTION_PROVIDERS = {
  cpu: 'CPUExecutionProvider',
  cuda: 'CUDAExecutionProvider',
  tensorrt: 'TensorrtExecutionProvider',
  webgpu: 'WebGpuExecutionProvider',
  coreml: 'CoreMLExecutionProvider',
  dml: 'DmlExecutionProvider',
} as const;

export type ProviderName = keyof typeof EXECUTION_PROVIDERS;

/** The short name of a provider under either of its names; null for a name that is none. */
export function shortProviderName(name: string): ProviderName | null {
  for (const [short, own] of Object.entries(EXECUTION_PROVIDERS)) {
    if (name === short || name === own) return short as ProviderName;
  }
  return null;
}

/** Whether a provider runs on a device of the settings: `cpu`, or an NVIDIA one (`cuda:N`, `MIG-…`). */
export function runsOnDevice(provider: ProviderName, device: string): boolean {
  return device === 'cpu' ? provider === 'cpu' : provider === 'cuda' || provider === 'tensorrt';
}
