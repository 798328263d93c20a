import type { NvidiaAnswer } from '../../models/devices/nvidia-smi.ts';
import type { Finding } from './finding.ts';
import { isAtLeast, versionNumber } from './version-number.ts';

const LEAST_CUDA = [12, 1] as const;
const UPDATE = 'update the NVIDIA driver to 530 or newer (Debian: apt-get install nvidia-driver)';

/** @param wanted the settings ask for an NVIDIA device or provider. */
export function checkDriver(nvidia: NvidiaAnswer, wanted: boolean): Finding[] {
  if (nvidia.state === 'absent') {
    const found = 'no nvidia-smi: there is no NVIDIA driver';
    if (!wanted) return ['NVIDIA driver', 'CUDA'].map((check) => ({ check, state: 'not checked', found }));
    const todo = 'install the driver (Debian: apt-get install nvidia-driver), or set models.providers: [cpu]';
    return [
      { check: 'NVIDIA driver', state: 'wrong', found: `${found}, and the settings ask for CUDA`, todo },
      { check: 'CUDA', state: 'not checked', found },
    ];
  }
  if (nvidia.state === 'failed') {
    return [
      {
        check: 'NVIDIA driver',
        state: 'wrong',
        found: `nvidia-smi failed: ${nvidia.why}`,
        todo: 'run nvidia-smi; after an update of the driver, restart the machine',
      },
      { check: 'CUDA', state: 'not checked', found: 'nvidia-smi failed' },
    ];
  }
  const { driver, cuda, gpus } = nvidia.system;
  if (gpus.length === 0) {
    const found = `driver ${driver ?? 'unknown'} sees no GPU`;
    const todo = 'run nvidia-smi -L; in a container, start it with --gpus all';
    return [
      wanted
        ? { check: 'NVIDIA driver', state: 'wrong', found, todo }
        : { check: 'NVIDIA driver', state: 'warning', found, todo },
      { check: 'CUDA', state: 'not checked', found: 'no GPU is seen' },
    ];
  }
  const names = gpus.map(({ index, name }) => `GPU ${index} ${name}`).join(', ');
  return [{ check: 'NVIDIA driver', state: 'ok', found: `${driver ?? 'unknown version'}: ${names}` }, ofCuda(cuda)];
}

function ofCuda(cuda: string | null): Finding {
  const check = 'CUDA';
  const version = cuda === null ? null : versionNumber(cuda);
  if (!version) return { check, state: 'not checked', found: 'the driver does not tell which CUDA it can run' };
  if (isAtLeast(version, LEAST_CUDA)) return { check, state: 'ok', found: `the driver runs CUDA up to ${cuda}` };
  return { check, state: 'wrong', found: `the driver runs CUDA up to ${cuda}; 12.1 is needed`, todo: UPDATE };
}
