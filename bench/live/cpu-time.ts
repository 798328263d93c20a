import { readFileSync } from 'node:fs';
import { descendantsOf } from '../../test/support/child-processes.ts';

/** Of the kernel's clock in `/proc/PID/stat`: 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;

/** CPU time that a facegate has used since it was started, seconds; of children that are alive. */
export interface ProgramCpu {
  /** The server's own process with all its threads. */
  readonly server: number;
  readonly inference: number;
  readonly ffmpeg: number;
}

export function programCpu(pid: number): ProgramCpu {
  let inference = 0;
  let ffmpeg = 0;
  for (const child of descendantsOf(pid)) {
    const { name, seconds } = cpuOf(child);
    if (name === 'ffmpeg') ffmpeg += seconds;
    else inference += seconds;
  }
  return { server: cpuSeconds(pid), inference, ffmpeg };
}

/** CPU time of one process with all its threads, seconds; 0 when it is gone. */
export function cpuSeconds(pid: number): number {
  return cpuOf(pid).seconds;
}

function cpuOf(pid: number): { name: string; seconds: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold spaces and brackets itself.
    const end = stat.lastIndexOf(')');
    const fields = stat.slice(end + 2).split(' ');
    return {
      name: stat.slice(stat.indexOf('(') + 1, end),
      seconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND,
    };
  } catch {
    return { name: '', seconds: 0 };
  }
}
