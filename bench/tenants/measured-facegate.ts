import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FacegateProcess, startFacegate } from '../../test/support/facegate-process.ts';
import { pinned, type Target } from './ask.ts';
import type { Question } from './questions.ts';

/** So many of them, on a machine that others use as well. */
const START_WITHIN_MS = 600_000;

export interface MeasuredFacegate extends AsyncDisposable {
  readonly pid: number;
  readonly address: string;
  /** From its start until it, or all of its tenants, were ready. */
  readonly readyMs: number;
  /** The same question to one of its tenants, or to itself; counted under `name`. */
  target(question: Question, name: string, tenant?: string): Target;
  /** Has it read other settings while it runs. */
  rewrite(settings: object): void;
}

/** `facegate serve` in a process of its own, on some processors only, with a data folder that goes with it. */
export async function openFacegate(o: {
  folder: string;
  settings: object;
  cpus?: string | null;
}): Promise<MeasuredFacegate> {
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(o.folder, 'run-'));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'facegate.yaml');
  const write = (settings: object) =>
    writeFileSync(config, JSON.stringify({ ...settings, server: { port: 0 }, log: { level: 'warn' } }));
  write(o.settings);
  const started = performance.now();
  const facegate: FacegateProcess = opened.use(
    await startFacegate(
      ['serve', '--config', config, '--data', join(folder, 'data')],
      {},
      { before: pinned(o.cpus ?? null), withinMs: START_WITHIN_MS },
    ),
  );
  const readyMs = performance.now() - started;
  const notReady = /\((\d+) of (\d+) tenants ready\)/.exec(facegate.said.join('\n'));
  if (notReady && notReady[1] !== notReady[2])
    throw new Error(`not all tenants became ready:\n${facegate.said.slice(-20).join('\n')}`);
  const rooms = opened.move();
  return {
    pid: facegate.pid,
    address: facegate.address,
    readyMs,
    target: (question, name, tenant) => ({
      ...question,
      name,
      url: `${facegate.address}${tenant === undefined ? '' : `/${tenant}`}${question.path}`,
    }),
    rewrite: write,
    [Symbol.asyncDispose]: () => rooms.disposeAsync(),
  };
}
