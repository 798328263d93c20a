import { readFileSync } from 'node:fs';

/** The most memory that this process ever had, MiB. */
export function peakMemoryMb(): number {
  try {
    const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (kibibytes !== undefined) return Number(kibibytes) / 1024;
  } catch {
    // Linux alone has it.
  }
  // Linux hands the peak of the process that started this one on to it, and so this is the second choice.
  return process.resourceUsage().maxRSS / 1024;
}
