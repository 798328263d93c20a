import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { descendantsOf } from '../support/child-processes.ts';
import { eventually } from '../support/eventually.ts';
import { type FacegateProcess, startFacegate } from '../support/facegate-process.ts';

describe.skipIf(process.platform !== 'linux')('a camera whose networks are killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-inference-'));
  let facegate: FacegateProcess;
  const networks = () =>
    descendantsOf(facegate.pid).filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('inference-process');
      } catch {
        return false; // It ended between the two looks.
      }
    });
  const faults = async () => {
    const answer = await fetch(`${facegate.address}/events?since=0&limit=1000`);
    const { events } = (await answer.json()) as { events: AccessEvent[] };
    return events.filter(({ type }) => type === 'system.fault').map(({ reason }) => reason);
  };

  beforeAll(async () => {
    facegate = await startFacegate(['demo', '--no-open', '--port', '0', '--data', folder]);
  });
  afterAll(async () => {
    await facegate?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is analysed on, with new processes, and the log tells of it', async () => {
    const socket = new WebSocket(`${facegate.address.replace('http', 'ws')}/ws/live?video=0`);
    let frames = 0;
    socket.on('message', () => {
      frames += 1;
    });
    await eventually('frames', () => frames > 5);
    const before = networks();
    expect(before.length).toBeGreaterThanOrEqual(1);
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await eventually('as many new processes', () => {
      const now = networks();
      return now.length === before.length && now.every((pid) => !before.includes(pid));
    });
    const atReplacement = frames;
    await eventually('frames again', () => frames > atReplacement + 5);
    expect(await faults()).toContain('INFERENCE_DIED');
    expect(await (await fetch(`${facegate.address}/ready`)).json()).toMatchObject({ ready: true });
    socket.close();
  });
});
