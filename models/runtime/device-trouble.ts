/** Errors of the runtime after which a process cannot go on: its memory, or its device, is not what it was. */
export type DeviceTrouble = 'INFERENCE_OUT_OF_MEMORY' | 'INFERENCE_DEVICE_FAILED';

/** The runtime's arena and CPU allocator, CUDA, cuBLAS, cuDNN, Vulkan, WebGPU, V8. */
const OUT_OF_MEMORY =
  /out of memory|bad_alloc|bad allocation|failed to allocate memory|smaller than requested bytes|_ALLOC_FAILED|OUT_OF_(DEVICE|HOST)_MEMORY|CUDA (failure|error) 2\b/i;

/**
 * CUDA's sticky errors (illegal address, launch failure, time-out, assert, uncorrectable ECC and NVLink errors, devices
 * that are busy or gone) poison the context: every later call of the process fails too. WebGPU and DirectML lose devices.
 */
const DEVICE_FAILED =
  /CUDA (failure|error) (46|77|214|220|226|70[0239]|71[0-9]|720|999)\b|illegal memory access|unspecified launch failure|device (was )?lost|DEVICE_LOST|DEVICE_(REMOVED|HUNG|RESET)|CUDNN_STATUS_(EXECUTION_FAILED|INTERNAL_ERROR)/i;

/**
 * Whether an error says that the process has to end. Only the runtime's texts tell: it has one code for all of these.
 *
 * @param error with its causes.
 */
export function deviceTrouble(error: unknown): DeviceTrouble | null {
  for (let depth = 0, each = error; each instanceof Error && depth < 8; depth++, each = each.cause) {
    const trouble = troubleIn(each.message);
    if (trouble) return trouble;
  }
  return null;
}

/** The same of text: the last words of a process that could not say it itself. */
export function troubleIn(text: string): DeviceTrouble | null {
  if (OUT_OF_MEMORY.test(text)) return 'INFERENCE_OUT_OF_MEMORY';
  return DEVICE_FAILED.test(text) ? 'INFERENCE_DEVICE_FAILED' : null;
}
