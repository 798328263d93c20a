import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { CameraView } from '../../server/server-parts.ts';
import { descendantsOf, isAlive } from '../support/child-processes.ts';
import { eventually } from '../support/eventually.ts';
import { startFacegate } from '../support/facegate-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'facegate-ending-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function watching() {
  const facegate = await startFacegate(['demo', '--no-open', '--port', '0', '--data', folder]);
  await eventually('the camera is running', async () => {
    const { cameras } = (await (await fetch(`${facegate.address}/cameras`)).json()) as { cameras: CameraView[] };
    return cameras[0]?.state === 'running';
  });
  const children = descendantsOf(facegate.pid);
  expect(children.length).toBeGreaterThanOrEqual(2);
  return { facegate, children };
}

describe.skipIf(process.platform !== 'linux')('the end of facegate', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('on %s comes with code 0, and no child is left', async (signal) => {
    const { facegate, children } = await watching();
    process.kill(facegate.pid, signal);
    expect(await facegate.ended).toBe(0);
    expect(children.filter(isAlive)).toEqual([]);
  });

  it('by SIGKILL leaves no child for longer than 15 s', async () => {
    const { facegate, children } = await watching();
    process.kill(facegate.pid, 'SIGKILL');
    expect(await facegate.ended).toBe('SIGKILL');
    await eventually(
      'ffmpeg and the inference processes are gone',
      () => children.every((pid) => !isAlive(pid)),
      15_000,
    );
  });
});
