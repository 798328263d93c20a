import { describe, expect, it } from 'vitest';
import { executionProvider, planProviders, provenProvider, providersFor } from '../../../models/runtime/providers.ts';

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

describe('providersFor', () => {
  it.each([
    // Without a device: the network's own list, else everybody's.
    [{}, 'auto', 'auto'],
    [{}, ['cuda'], ['cuda']],
    [{ providers: ['webgpu', 'cpu'] }, ['cuda'], ['webgpu', 'cpu']],
    [{ providers: 'auto' }, ['cuda'], 'auto'],
    // cpu is the CPU alone, whatever everybody else runs on.
    [{ device: 'cpu' }, 'auto', ['cpu']],
    [{ device: 'cpu' }, ['cuda'], ['cpu']],
    [{ device: 'cpu', providers: ['cuda', 'cpu'] }, 'auto', ['cpu']],
    [{ device: 'cpu', providers: ['CPUExecutionProvider'] }, 'auto', ['cpu']],
    // A GPU by name is strict, unless a list allows something else.
    [{ device: 'cuda' }, 'auto', ['cuda']],
    [{ device: 'cuda:1' }, 'auto', ['cuda']],
    [{ device: 'cuda:1' }, ['webgpu', 'cpu'], ['cuda']],
    [{ device: 'cuda:1' }, ['cuda', 'cpu'], ['cuda', 'cpu']],
    [{ device: 'cuda:1', providers: 'auto' }, ['cpu'], ['cuda']],
    [
      { device: 'cuda:0', providers: ['TensorrtExecutionProvider', 'cuda'] },
      'auto',
      ['TensorrtExecutionProvider', 'cuda'],
    ],
    [{ device: 'MIG-5f5a1e2c-0f3b-5d0e-a6de-3d7c3d1b0f63' }, 'auto', ['cuda']],
  ] as const)('of %j beside %j', (role, common, expected) => {
    expect(providersFor(role as Parameters<typeof providersFor>[0], common)).toEqual(expected);
  });

  it.each([
    [{ device: 'cpu', providers: ['cuda'] }, /the device cpu needs "cpu" among its providers, got \["cuda"\]/],
    [{ device: 'cuda:0', providers: ['webgpu', 'cpu'] }, /the device cuda:0 needs "cuda" or "tensorrt" among/],
  ])('refuses %j', (role, message) => {
    expect(() => providersFor(role, 'auto')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  });
});

describe('executionProvider', () => {
  it.each([
    ['cuda', undefined, 'cuda'],
    ['cpu', 'cpu', 'cpu'],
    // The list of `cuda:1` may end on the CPU, which has no number.
    ['cpu', 'cuda:1', 'cpu'],
    ['cuda', 'cuda', { name: 'cuda', deviceId: 0 }],
    ['cuda', 'cuda:0', { name: 'cuda', deviceId: 0 }],
    ['cuda', 'cuda:12', { name: 'cuda', deviceId: 12 }],
    ['tensorrt', 'cuda:2', { name: 'tensorrt', deviceId: 2 }],
    // Its process sees this slice and nothing else.
    ['cuda', 'MIG-GPU-8f0e3d7c-1111-2222-3333-444455556666/3/0', { name: 'cuda', deviceId: 0 }],
  ] as const)('of %s on %s', (provider, device, expected) => {
    expect(executionProvider(provider, device)).toEqual(expected);
  });
});

describe('provenProvider', () => {
  const profile = (...kernels: [string, string][]) =>
    JSON.stringify([
      { cat: 'Session', name: 'model_run', args: {} },
      ...kernels.map(([op_name, provider]) => ({ cat: 'Node', args: { op_name, provider } })),
    ]);

  it.each<[string, string, string | null, Record<string, number>]>([
    [
      'all convolutions on the CPU',
      profile(['Conv', 'CPUExecutionProvider'], ['Relu', 'CPUExecutionProvider']),
      'cpu',
      { cpu: 1 },
    ],
    [
      'convolutions on CUDA, shapes on the CPU',
      profile(['Conv', 'CUDAExecutionProvider'], ['Gemm', 'CUDAExecutionProvider'], ['Shape', 'CPUExecutionProvider']),
      'cuda',
      { cuda: 2 },
    ],
    [
      'convolutions shared',
      profile(
        ['Conv', 'CUDAExecutionProvider'],
        ['FusedConv', 'CUDAExecutionProvider'],
        ['Conv', 'CPUExecutionProvider'],
      ),
      null,
      { cuda: 2, cpu: 1 },
    ],
    [
      'a swallowed graph',
      profile(['TRTKernel_graph_1', 'TensorrtExecutionProvider'], ['Reshape', 'CPUExecutionProvider']),
      'tensorrt',
      { tensorrt: 1 },
    ],
    ['no convolution at all', profile(['Add', 'CPUExecutionProvider']), 'cpu', { cpu: 1 }],
    ['nothing', profile(), null, {}],
    ['a provider that nobody knows', profile(['Conv', 'OtherProvider']), null, { OtherProvider: 1 }],
    ['a provider with the name of an own property', profile(['Conv', 'toString']), null, { toString: 1 }],
  ])('of %s', (_, text, provider, nodes) => {
    expect(provenProvider(text)).toEqual({ provider, nodes });
  });
});
