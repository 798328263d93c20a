import type { NvidiaAnswer, NvidiaGpu } from '../../models/devices/nvidia-smi.ts';
import { isSliceName } from '../../models/devices/slice-names.ts';
import type { Finding } from './finding.ts';

/** @param asked the slices (`MIG-…`) that the settings and `CUDA_VISIBLE_DEVICES` name. */
export function checkMig(nvidia: NvidiaAnswer, asked: readonly string[]): Finding[] {
  const check = 'MIG';
  if (nvidia.state !== 'found') {
    if (asked.length > 0) return asked.map((uuid) => missing(uuid, 'there is no NVIDIA driver that answers'));
    return [{ check, state: 'not checked', found: 'there is no NVIDIA driver that answers' }];
  }
  const { gpus } = nvidia.system;
  const slices = gpus.flatMap((gpu) => gpu.slices.map((slice) => ({ gpu, slice })));
  const unnamed = slices.some(({ slice }) => slice.uuid === null);
  return [
    ...gpus.map(ofGpu),
    ...asked.map((uuid): Finding => {
      const found = slices.find(({ gpu, slice }) => isSliceName(uuid, gpu, slice));
      if (found) return { check: `${check} slice`, state: 'ok', found: `${uuid} is active on GPU ${found.gpu.index}` };
      if (unnamed)
        return {
          check: `${check} slice`,
          state: 'not checked',
          found: `the driver does not name its slices; ${uuid} may be one`,
        };
      return missing(uuid, 'no GPU has that slice');
    }),
  ];
}

function ofGpu({ index, mig, migPending, slices }: NvidiaGpu): Finding {
  const check = `MIG of GPU ${index}`;
  if (mig === 'unsupported') return { check, state: 'ok', found: 'this board has none; the whole GPU is used' };
  if (migPending) {
    return {
      check,
      state: 'warning',
      found: `is ${mig}, and the other mode waits for a reset of the GPU`,
      todo: `end all programs on it, then: nvidia-smi --gpu-reset -i ${index}`,
    };
  }
  if (mig === 'off') return { check, state: 'ok', found: 'off; the whole GPU is used' };
  if (slices.length > 0)
    return { check, state: 'ok', found: `on, ${slices.length} ${slices.length === 1 ? 'slice' : 'slices'}` };
  return {
    check,
    state: 'wrong',
    found: 'on, but there is no slice: nothing can run on this GPU',
    todo: `nvidia-smi mig -i ${index} -lgip (which there are), then: nvidia-smi mig -i ${index} -cgi 1g.5gb -C; or turn MIG off: nvidia-smi -i ${index} -mig 0`,
  };
}

function missing(uuid: string, why: string): Finding {
  return {
    check: 'MIG slice',
    state: 'wrong',
    found: `${uuid}: ${why}`,
    todo: 'nvidia-smi -L shows the slices there are; name one of them',
  };
}
