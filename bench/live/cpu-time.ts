import { readFileSync } from 'node:fs';
import { descendantsOf } from '../../test/support/child-processes.ts';

/** Of the kernel's clock in `/proc/PID/stat`: 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;

/** CPU time that a facegate has used since it was started, seconds. */
export interface ProgramCpu {
  /** The server's own process with all its threads. */
  readonly server: number;
  /** Of those that are alive. */
  readonly inference: number;
  /** With all children that have ended: cameras that were connected to anew have another one. Nothing else ends while a bench measures. */
  readonly ffmpeg: number;
}

export function programCpu(pid: number): ProgramCpu {
  const { seconds: server, ended } = cpuOf(pid);
  let inference = 0;
  let ffmpeg = ended;
  for (const child of descendantsOf(pid)) {
    const { name, seconds } = cpuOf(child);
    if (name === 'ffmpeg') ffmpeg += seconds;
    else inference += seconds;
  }
  return { server, inference, ffmpeg };
}

/** CPU time of one process with all its threads, seconds; 0 when it is gone. */
export function cpuSeconds(pid: number): number {
  return cpuOf(pid).seconds;
}

function cpuOf(pid: number): { name: string; seconds: number; ended: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold spaces and brackets itself.
    const end = stat.lastIndexOf(')');
    const fields = stat.slice(end + 2).split(' ');
    const seconds = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) / TICKS_A_SECOND;
    return { name: stat.slice(stat.indexOf('(') + 1, end), seconds: seconds(11), ended: seconds(13) };
  } catch {
    return { name: '', seconds: 0, ended: 0 };
  }
}
