import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
/** As the npm scripts do: weights and clips from beside the checkout where they are there. */
const MIRRORS = new URL('../../deploy/checkout-mirrors.mjs', import.meta.url).href;
// The first start of a machine without weights builds the starter models and a film.
const START_WITHIN_MS = 150_000;

export interface FacegateProcess extends AsyncDisposable {
  /** As it was printed, e.g. `http://127.0.0.1:41325`. */
  readonly address: string;
  readonly port: number;
  readonly pid: number;
  /** The last lines it wrote, on either stream. */
  readonly said: readonly string[];
  /** Resolves with exit code or signal when the process is gone, whoever ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** SIGTERM; resolves when the process is gone. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Runs the real command line, e.g. `['demo', '--no-open', '--port', '0']`, until it says where it listens.
 *
 * @param o.before programs that come before it and turn into it: `['taskset', '-c', '0']`.
 */
export async function startFacegate(
  args: readonly string[],
  env: Record<string, string> = {},
  o: { before?: readonly string[]; withinMs?: number } = {},
): Promise<FacegateProcess> {
  const [program = process.execPath, ...rest] = [
    ...(o.before ?? []),
    process.execPath,
    '--import',
    MIRRORS,
    MAIN,
    ...args,
  ];
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const gone = once(child, 'exit');
  const said: string[] = [];
  let stopping: Promise<void> | null = null;
  const stop = () => {
    stopping ??= end(child, gone);
    return stopping;
  };
  try {
    const address = await addressOf(child, said, o.withinMs ?? START_WITHIN_MS);
    return {
      address,
      port: Number(new URL(address).port),
      pid: child.pid as number,
      said,
      ended: gone.then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (cause) {
    await stop();
    throw new Error(`facegate ${args.join(' ')} did not start:\n${said.slice(-20).join('\n')}`, { cause });
  }
}

function addressOf(child: ChildProcess, said: string[], withinMs: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error(`no address within ${withinMs} ms`)), withinMs);
  child.once('exit', (code, signal) => reject(new Error(`it ended with ${code ?? signal}`)));
  child.once('error', reject);
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (said.push(line) > 20_000) said.shift();
      const match = /is watching: (https?:\/\/\S+)/.exec(line);
      if (match) resolve(match[1] as string);
    });
  }
  return promise.finally(() => clearTimeout(timer));
}

async function end(child: ChildProcess, gone: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await gone;
  clearTimeout(timer);
}
