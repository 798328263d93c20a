import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFigures } from './figures-file.ts';
import { FIGURES, PARTS, takesProvider } from './parts.ts';
import { median } from './report.ts';

/** Longer than any part takes on a quiet machine; one that hangs must not keep the others. */
const LONGEST_MS = { quick: 10 * 60_000, usual: 45 * 60_000 };
const GRACE_MS = 10_000;
const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/**
 * Every part that docs/performance.md has figures of, one after the other, each in a program of its own, which leaves
 * nothing behind for the next. `latency` is told how many cameras `cameras` found to be sustained.
 *
 * @param o.dir gets PART.json and the plots.
 * @param o.provider execution provider of the networks; the default is then those parts that take one.
 * @returns parts that failed.
 */
export async function runAll(o: {
  dir: string;
  quick: boolean;
  parts?: readonly string[];
  provider?: string;
}): Promise<string[]> {
  mkdirSync(o.dir, { recursive: true });
  const failed: string[] = [];
  const started = performance.now();
  for (const part of o.parts ?? partsFor(o.provider)) {
    const json = join(o.dir, `${part}.json`);
    rmSync(json, { force: true });
    const args = [part, ...(o.quick ? ['--quick'] : []), '--json', json, '--svg', o.dir];
    if (o.provider) args.push('--provider', o.provider);
    const sustained = part === 'latency' ? sustainedCameras(join(o.dir, 'cameras.json')) : null;
    if (sustained) args.push('--cameras', String(sustained));
    const partStarted = performance.now();
    const longestMs = o.quick ? LONGEST_MS.quick : LONGEST_MS.usual;
    if (!(await runProgram(args, longestMs)) || !existsSync(json)) failed.push(part);
    process.stderr.write(`${part}: ${minutes(partStarted)}; ${minutes(started)} in all\n`);
  }
  return failed;
}

/** Of those that `all` runs; the others would measure the CPU, whatever was asked for. */
export function partsFor(provider: string | undefined): readonly string[] {
  return provider === undefined ? FIGURES : FIGURES.filter((part) => takesProvider(PARTS[part]!));
}

/** Cameras of the walk that were sustained, whole; null where it is not known. */
export function sustainedCameras(json: string): number | null {
  if (!existsSync(json)) return null;
  const rows = readFigures(json).flatMap(({ measurement }) => measurement.rows);
  const row = rows.find(({ name }) => name === 'walk: sustained');
  const cameras = row ? Math.floor(median(row.values)) : 0;
  return cameras > 0 ? cameras : null;
}

/** @returns whether it ended well. Whatever it started ends with it: it leads a process group. */
async function runProgram(args: readonly string[], longestMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [...process.execArgv, MAIN, ...args], { stdio: 'inherit', detached: true });
  const signalGroup = (signal: NodeJS.Signals) => {
    try {
      process.kill(-child.pid!, signal);
    } catch {
      // All of it is gone.
    }
  };
  const interrupted = () => {
    signalGroup('SIGKILL');
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const tooLong = setTimeout(() => {
    process.stderr.write(`${args[0]} took longer than ${longestMs / 60_000} minutes and is ended\n`);
    signalGroup('SIGTERM');
    setTimeout(() => signalGroup('SIGKILL'), GRACE_MS).unref();
  }, longestMs);
  try {
    const [code] = await once(child, 'exit');
    return code === 0;
  } finally {
    clearTimeout(tooLong);
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    // Its children were waited for; where it failed, some may not have been.
    signalGroup('SIGKILL');
  }
}

function minutes(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 60_000).toFixed(1)} min`;
}
