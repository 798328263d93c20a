import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { LaunchPlan } from './limits/launch-plan.ts';
import { type FromTenant, REFUSED_EXIT_CODE, type ToTenant } from './tenant-messages.ts';

/** How a process went, as the operating system tells it. */
export interface ProcessEnd {
  /** false: it never came to run. */
  readonly seen: boolean;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it never ran. */
  readonly error: Error | null;
}

/** One process of a tenant, seen from the gateway; never restarted, its successor is another link. */
export interface TenantLink {
  readonly pid: number | null;
  /** A failure to send means that it is going: `gone` tells. */
  send(message: ToTenant): void;
  /** At once, also where it is stopped. Idempotent. */
  kill(): void;
  /** Resolves when it is gone. */
  readonly gone: Promise<ProcessEnd>;
}

export interface TenantLinkOptions {
  readonly plan: LaunchPlan;
  /** All that it sees of the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether its standard error is that of the gateway; else `said` gets it line by line. */
  readonly inheritStderr: boolean;
  readonly said: (line: string) => void;
  readonly received: (message: FromTenant) => void;
}

export function startTenantProcess(options: TenantLinkOptions): TenantLink {
  const { plan, environment, received, said } = options;
  const entry = fileURLToPath(new URL(`tenant-process${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
  const [program = process.execPath, ...before] = [...plan.before, process.execPath];
  const child = fork(entry, [], {
    serialization: 'advanced',
    execPath: program,
    // No flags of ours (--inspect, --import …) and no secret of ours reach it.
    execArgv: [...before, ...plan.execArgv],
    env: { ...environment },
    stdio: ['ignore', 'ignore', options.inheritStderr ? 'inherit' : 'pipe', 'ipc'],
  });
  child.on('message', received);
  if (child.stderr) createInterface({ input: child.stderr }).on('line', said);
  const gone = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ seen: true, exitCode, signal, error: null }));
    child.on('error', (error) => {
      // A process that never started has no end. Anything else (a message that could not be sent) leads to one.
      if (child.pid === undefined) resolve({ seen: false, exitCode: null, signal: null, error });
    });
  });
  return {
    pid: child.pid ?? null,
    send: (message) => {
      if (child.connected) child.send(message, () => {});
    },
    kill: () => void child.kill('SIGKILL'),
    gone,
  };
}

/** It said itself that starting it again would not mend it. */
export function hasRefused({ exitCode }: ProcessEnd): boolean {
  return exitCode === REFUSED_EXIT_CODE;
}
