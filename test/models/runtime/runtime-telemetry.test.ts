import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'facegate-quiet-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a network in a process that has nothing but these folders. @returns every file that it left there. */
async function leftBehind(name: string, script: string): Promise<string[]> {
  const home = join(folder, name);
  mkdirSync(home);
  const own = { HOME: home, TMPDIR: home, XDG_CACHE_HOME: home, XDG_DATA_HOME: home };
  const args = ['--input-type=module', '-e', script];
  await promisify(execFile)(process.execPath, args, { cwd: root, env: own });
  return readdirSync(home, { recursive: true, encoding: 'utf8' });
}

/** Undoes what is under test. */
const REPORTING = "await import('./config/runtime-telemetry.ts'); process.env.ORT_DISABLE_TELEMETRY = '0';";
const SELF_TEST = "const { selfTest } = await import('./models/runtime/self-test.ts'); await selfTest('cpu');";
/** As inference threads are started: with no environment. @param first what the main thread imports before. */
const inThread = (first: string) => `
  import { once } from 'node:events';
  import { Worker } from 'node:worker_threads';
  ${first}
  const script = "import('${join(root, 'models/runtime/self-test.ts')}').then(({ selfTest }) => selfTest('cpu'));";
  const [code] = await once(new Worker(script, { eval: true, env: {} }), 'exit');
  process.exitCode = code;`;

describe('the runtime, on its own initiative,', () => {
  it.skipIf(process.platform === 'win32')('would report; so that is what is looked for', async () => {
    expect(await leftBehind('reporting', `${REPORTING} ${SELF_TEST}`)).not.toEqual([]);
    expect(await leftBehind('reporting-thread', inThread(REPORTING))).not.toEqual([]);
  });

  it('reports nothing and leaves nothing behind', async () => {
    expect(await leftBehind('process', SELF_TEST)).toEqual([]);
  });

  it('reports nothing from a thread', async () => {
    expect(await leftBehind('thread', inThread("await import('./models/processes/thread-host.ts');"))).toEqual([]);
  });
});
