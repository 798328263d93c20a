import { describe, expect, it } from 'vitest';
import { AppError } from '../../../config/app-error.ts';
import { deviceTrouble } from '../../../models/runtime/device-trouble.ts';

describe('deviceTrouble', () => {
  it.each([
    'Non-zero status code returned while running Expand node. Status Message: std::bad_alloc',
    'bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool) Failed to allocate memory for requested buffer of size 939524096',
    'Available memory of 12 is smaller than requested bytes of 100',
    'CUDA failure 2: out of memory ; GPU=0 ; hostname=a ; expr=cudaMalloc((void**)&p, size);',
    'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0',
    'WebGPU device error(2): Out of memory',
    'VK_ERROR_OUT_OF_DEVICE_MEMORY',
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
  ])('calls it want of memory: %s', (message) => {
    expect(deviceTrouble(new Error(message))).toBe('INFERENCE_OUT_OF_MEMORY');
  });

  it.each([
    'CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; expr=cudaMemcpy(…)',
    'CUDA failure 719: unspecified launch failure',
    'CUDA failure 46: all CUDA-capable devices are busy or unavailable',
    'CUDA error 999: unknown error',
    'WebGPU device lost (2): Device was destroyed.',
    'CUDNN failure 8: CUDNN_STATUS_EXECUTION_FAILED ; GPU=0',
    'DXGI_ERROR_DEVICE_REMOVED',
  ])('calls it a device that failed: %s', (message) => {
    expect(deviceTrouble(new Error(message))).toBe('INFERENCE_DEVICE_FAILED');
  });

  it.each([
    'Got invalid dimensions for input: input0 for the following indices',
    'CUDA failure 100: no CUDA-capable device is detected',
    'CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version',
    'CUDA failure 201: invalid device context',
    "Name:'Conv_2' Status Message: input channels does not match",
  ])('lets the process live: %s', (message) => {
    expect(deviceTrouble(new Error(message))).toBeNull();
  });

  it('looks at what is behind an error', () => {
    const cause = new AppError('INFERENCE_FAILED', 'm failed on an input', { cause: new Error('std::bad_alloc') });
    expect(deviceTrouble(new AppError('INTERNAL', 'outer', { cause }))).toBe('INFERENCE_OUT_OF_MEMORY');
    expect(deviceTrouble('std::bad_alloc')).toBeNull();
  });
});
