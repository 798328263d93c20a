import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Main memory that a process takes, MiB; null where nobody tells (it is gone, or there is no `ps`). */
export async function residentMb(pid: number): Promise<number | null> {
  try {
    if (process.platform === 'linux') {
      const line = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'));
      return line ? Number(line[1]) / 1024 : null;
    }
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
    const kilobytes = Number.parseInt(stdout, 10);
    return Number.isNaN(kilobytes) ? null : kilobytes / 1024;
  } catch {
    return null;
  }
}
