import { describe, expect, it } from 'vitest';
import { type PlacementOptions, planPlacement, type RoleRequest } from '../../../models/processes/plan-placement.ts';

function plan(roles: RoleRequest[], options: Partial<PlacementOptions> = {}) {
  return planPlacement({ roles, providers: 'auto', cores: 4, autoProvider: 'cpu', ...options }).map((group) => ({
    ...group,
    roles: group.roles.map(({ key }) => key),
  }));
}

const detector = (fields: Partial<RoleRequest> = {}): RoleRequest => ({ key: 'detector', ...fields });
const embedder = (fields: Partial<RoleRequest> = {}): RoleRequest => ({ key: 'embedder', ...fields });
const liveness = (fields: Partial<RoleRequest> = {}): RoleRequest => ({ key: 'scorer minifasnet', ...fields });
const SLICE = 'MIG-6ba1f3d3-a8f2-5a4b-8e0f-111213141516';

describe('planPlacement', () => {
  it('keeps all that share a device in one process a core', () => {
    expect(plan([detector(), embedder(), liveness()])).toEqual([
      {
        roles: ['detector', 'embedder', 'scorer minifasnet'],
        device: 'cpu',
        isolation: 'shared',
        environment: {},
        processes: 4,
        deadlineMs: 5000,
        memoryLimitMb: null,
      },
    ]);
  });

  it('gives a network that asks for it processes, or threads, of its own', () => {
    const groups = plan([detector(), embedder({ isolation: 'process' }), liveness({ isolation: 'thread' })]);
    expect(groups.map(({ roles, isolation, processes }) => [roles, isolation, processes])).toEqual([
      [['detector'], 'shared', 4],
      [['embedder'], 'process', 4],
      [['scorer minifasnet'], 'thread', 4],
    ]);
  });

  it('leaves those together that stay when the detector leaves', () => {
    const groups = plan([detector({ isolation: 'process' }), embedder(), liveness()]);
    expect(groups.map(({ roles }) => roles)).toEqual([['detector'], ['embedder', 'scorer minifasnet']]);
  });

  it('puts detection on a GPU and the rest on the CPU by one line of settings', () => {
    const groups = plan([detector(), embedder({ device: 'cpu' }), liveness({ device: 'cpu' })], {
      providers: ['cuda'],
    });
    expect(groups.map(({ roles, device, processes }) => [roles, device, processes])).toEqual([
      [['detector'], 'cuda:0', 1],
      [['embedder', 'scorer minifasnet'], 'cpu', 4],
    ]);
  });

  it('lets a process of a slice of a GPU see that slice only', () => {
    const groups = plan([detector({ device: SLICE }), embedder({ device: SLICE }), liveness({ device: 'MIG-other' })]);
    expect(groups.map(({ roles, environment }) => [roles, environment])).toEqual([
      [['detector', 'embedder'], { CUDA_VISIBLE_DEVICES: SLICE }],
      [['scorer minifasnet'], { CUDA_VISIBLE_DEVICES: 'MIG-other' }],
    ]);
  });

  it('counts "cuda" and no device as the first GPU, where a GPU is what is tried first', () => {
    const groups = plan([detector({ device: 'cuda' }), embedder(), liveness({ device: 'cuda:1' })], {
      autoProvider: 'cuda',
    });
    expect(groups.map(({ roles, device }) => [roles, device])).toEqual([
      [['detector', 'embedder'], 'cuda:0'],
      [['scorer minifasnet'], 'cuda:1'],
    ]);
  });

  it.each([
    ['auto on a machine without a GPU', 'auto', 'cpu', 4],
    ['auto where CUDA is tried first, since it may turn out to be the CPU', 'auto', 'cuda', null],
    ['a GPU alone', ['cuda'], 'cpu', 1],
    ['a GPU that may fall back', ['cuda', 'cpu'], 'cuda', null],
    ['the CPU by the name that the runtime has for it', ['CPUExecutionProvider'], 'cuda', 4],
    ['WebGPU alone', ['webgpu'], 'cpu', 1],
  ] as const)('starts as many processes as %s can use', (_, providers, autoProvider, processes) => {
    expect(plan([detector(), embedder()], { providers, autoProvider })[0]!.processes).toBe(processes);
  });

  it('starts as many as the settings say wherever they run', () => {
    const groups = plan([detector({ device: 'cuda:0' }), embedder({ device: 'cpu' })], { processes: 3 });
    expect(groups.map(({ processes }) => processes)).toEqual([3, 3]);
  });

  it('holds a process to the smallest limit of its networks, and gives it the longest time', () => {
    const [shared] = plan([
      detector({ deadlineMs: 20_000, memoryLimitMb: 900 }),
      embedder({ deadlineMs: 5000 }),
      liveness({ memoryLimitMb: 700 }),
    ]);
    expect(shared).toMatchObject({ deadlineMs: 20_000, memoryLimitMb: 700 });
  });

  it.each([
    [detector({ device: 'cpu', providers: ['cuda'] }), 'CONFIG_INVALID'],
    [detector({ device: 'cuda:0', providers: ['cpu'] }), 'CONFIG_INVALID'],
    [detector({ providers: ['gpu'] }), 'MODEL_PROVIDER_UNAVAILABLE'],
  ])('refuses %j', (role, code) => {
    expect(() => plan([role])).toThrow(expect.objectContaining({ code }));
  });
});
