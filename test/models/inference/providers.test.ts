import { describe, expect, it } from 'vitest';
import { planProviders, provenProvider } from '../../../models/inference/providers.ts';

describe('planProviders', () => {
  it.each([
    ['auto', ['cpu', 'webgpu'], ['cpu']],
    ['auto', ['cpu', 'webgpu', 'cuda', 'tensorrt'], ['cuda', 'cpu']],
    ['auto', ['cpu', 'coreml'], ['coreml', 'cpu']],
    [['cpu'], ['cpu'], ['cpu']],
    [['cuda'], ['cpu'], ['cuda']],
    [['tensorrt', 'cuda', 'cpu'], ['cpu'], ['tensorrt', 'cuda', 'cpu']],
    [['CUDAExecutionProvider', 'CPUExecutionProvider'], ['cpu'], ['cuda', 'cpu']],
    [['CUDAExecutionProvider', 'cuda'], ['cpu'], ['cuda']],
  ] as const)('plans for %j where there is %j', (requested, supported, candidates) => {
    const plan = planProviders(requested, supported);
    expect(plan.candidates).toEqual(candidates);
    expect(plan.asked).toBe(requested !== 'auto');
  });

  it.each(['gpu', 'CPU', 'Cuda', '', 'cuda ', 'toString'])('refuses "%s", also beside cpu', (name) => {
    expect(() => planProviders([name, 'cpu'], ['cpu'])).toThrow(
      expect.objectContaining({
        code: 'MODEL_PROVIDER_UNAVAILABLE',
        message: expect.stringContaining(`"${name}" is no execution provider; known are cpu, cuda`),
      }),
    );
  });
});

describe('provenProvider', () => {
  const profile = (...kernels: [string, string][]) =>
    JSON.stringify([
      { cat: 'Session', name: 'model_run', args: {} },
      ...kernels.map(([op_name, provider]) => ({ cat: 'Node', args: { op_name, provider } })),
    ]);

  it.each<[string, string, string | null]>([
    ['all convolutions on the CPU', profile(['Conv', 'CPUExecutionProvider'], ['Relu', 'CPUExecutionProvider']), 'cpu'],
    [
      'convolutions on CUDA, shapes on the CPU',
      profile(['Conv', 'CUDAExecutionProvider'], ['Gemm', 'CUDAExecutionProvider'], ['Shape', 'CPUExecutionProvider']),
      'cuda',
    ],
    ['convolutions shared', profile(['Conv', 'CUDAExecutionProvider'], ['Conv', 'CPUExecutionProvider']), null],
    [
      'a swallowed graph',
      profile(['TRTKernel_graph_1', 'TensorrtExecutionProvider'], ['Reshape', 'CPUExecutionProvider']),
      'tensorrt',
    ],
    ['no convolution at all', profile(['Add', 'CPUExecutionProvider']), 'cpu'],
    ['nothing', profile(), null],
    ['a provider that nobody knows', profile(['Conv', 'OtherExecutionProvider']), null],
  ])('of %s', (_, text, provider) => {
    expect(provenProvider(text)).toBe(provider);
  });
});
