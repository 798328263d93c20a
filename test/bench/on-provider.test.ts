import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { measuredOn, provenBy, proveProvider } from '../../bench/on-provider.ts';
import type { Measurement } from '../../bench/report.ts';
import type { NvidiaAnswer } from '../../models/devices/nvidia-smi.ts';

const MAIN = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));
const NONE: NvidiaAnswer = { state: 'absent' };

function gpus(...names: string[]): NvidiaAnswer {
  const system = { driver: '550.54', cuda: '12.4', gpus: names.map((name) => ({ name })) };
  return { state: 'found', system } as unknown as NvidiaAnswer;
}

function roles(detector: string, embedder: string) {
  return [
    { model: 'finds', provider: detector, nodes: { [detector]: 57 } },
    { model: 'embeds', provider: embedder, nodes: { [embedder]: 60 } },
  ];
}

const MEASURED: Measurement = {
  part: 'pipeline',
  rows: [],
  ratios: [],
  plots: [{ name: 'growth', title: '', x: '', y: '', series: [] }],
  remarks: ['240 frames'],
};

describe('what a GPU’s figures say of it', () => {
  it('names the provider that both networks proved, by what, and the GPU', () => {
    const { provider, how } = provenBy(roles('cuda', 'cuda'), gpus('NVIDIA A100'));
    expect(provider).toBe('cuda');
    expect(how).toContain('finds on cuda (57 convolutions and matrix products)');
    expect(how).toContain('embeds on cuda (60 convolutions and matrix products)');
    expect(how).toContain('on NVIDIA A100, driver 550.54');
  });

  it('says that it cannot tell which of several it was', () => {
    expect(provenBy(roles('cuda', 'cuda'), gpus('A', 'B')).how).toContain('the first that CUDA sees of A, B');
  });

  it('names no NVIDIA GPU where another provider ran, or nobody knows one', () => {
    expect(provenBy(roles('webgpu', 'webgpu'), gpus('NVIDIA A100')).how).not.toContain('A100');
    expect(provenBy(roles('cuda', 'cuda'), NONE).how).not.toContain('driver');
  });

  it('is refused where the networks are on two providers: no figure would be one’s', () => {
    expect(() => provenBy(roles('cuda', 'cpu'), NONE)).toThrow(/finds on cuda .*embeds on cpu/);
  });

  it('is a part of its own, with plots of its own, and the CPU’s stays what it was', () => {
    const onCuda = measuredOn(MEASURED, provenBy(roles('cuda', 'cuda'), gpus('NVIDIA A100')));
    expect(onCuda.part).toBe('pipeline-cuda');
    expect(onCuda.plots?.map(({ name }) => name)).toEqual(['growth-cuda']);
    expect(onCuda.remarks[0]).toContain('NVIDIA A100');
    expect(onCuda.remarks).toContain('240 frames');
    expect(measuredOn(MEASURED, provenBy(roles('cpu', 'cpu'), NONE))).toEqual(MEASURED);
    expect(measuredOn(MEASURED, null)).toEqual(MEASURED);
  });
});

describe('--provider', () => {
  it('is refused under a name that is none, with those that are', async () => {
    await expect(proveProvider('cudaa')).rejects.toMatchObject({ code: 'MODEL_PROVIDER_UNAVAILABLE' });
    const said = await refusal('pipeline', '--provider', 'cudaa');
    expect(said).toContain('"cudaa" is no execution provider; known are cpu, cuda');
    // One sentence, no stack.
    expect(said).not.toContain('at async');
  });

  it('is refused by a part that does not run the two networks: alone, beside one that does, and in all', async () => {
    expect(await refusal('pipeline', 'search', '--provider', 'cpu')).toContain('search does not take --provider');
    expect(await refusal('search', '--provider', 'cpu')).toContain('search does not take --provider');
    expect(await refusal('all', '--out', '/nowhere', '--only', 'search', '--provider', 'cpu')).toContain(
      'search does not take --provider',
    );
  });
});

/** What the command line says on stderr when it refuses. */
async function refusal(...args: string[]): Promise<string> {
  try {
    await promisify(execFile)(process.execPath, [MAIN, ...args]);
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
  throw new Error(`${args.join(' ')} was not refused`);
}
