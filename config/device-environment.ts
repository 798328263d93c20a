/** Where drivers and their libraries are found, which devices may be seen, and where shaders and kernels are kept. */
const EXACT: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'NVIDIA_VISIBLE_DEVICES',
  'NVIDIA_DRIVER_CAPABILITIES',
  'NVIDIA_TF32_OVERRIDE',
  'XDG_RUNTIME_DIR',
  'XDG_DATA_DIRS',
  'XDG_CACHE_HOME',
  'TMPDIR',
  'TMP',
  'TEMP',
  'SystemRoot',
  'LOCALAPPDATA',
]);
const PREFIXES = ['CUDA_', 'CUDNN_', 'ORT_TENSORRT_', 'VK_', 'MESA_', 'LIBVA_', 'ONEVPL_'];

/** What an inference process or an ffmpeg needs of the environment, and no more: passwords of cameras and keys stay outside. */
export function deviceEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    if (EXACT.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix))) kept[name] = value;
  }
  return kept;
}
