import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { descendantsOf, isAlive } from '../support/child-processes.ts';
import { eventually } from '../support/eventually.ts';
import { startFacegate } from '../support/facegate-process.ts';
import { FaultRtspServer } from '../support/fault-rtsp-server.ts';
import { h264Video } from '../support/h264-video.ts';
import { requirement } from '../support/requirements.ts';

/** How often the program is killed; 100 for the long form. */
const KILLS = Number(process.env.FACEGATE_KILLS ?? 20);
const GONE_WITHIN_MS = 15_000;

describe.skipIf(!requirement('ffmpeg').met || process.platform !== 'linux')('facegate that is killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-killed-'));
  const config = join(folder, 'facegate.yaml');
  let good: FaultRtspServer;
  let mute: FaultRtspServer;
  let rtcpOnly: FaultRtspServer;

  beforeAll(async () => {
    const video = h264Video();
    good = await FaultRtspServer.start({ video });
    mute = await FaultRtspServer.start({ video, fault: 'mute-to-ffmpeg' });
    rtcpOnly = await FaultRtspServer.start({ video, fault: 'rtcp-only' });
    const cameras = [
      { id: 'good', url: good.url() },
      // Its ffmpeg would otherwise be there for a minute.
      { id: 'mute', url: mute.url(), timeout: '60s' },
      { id: 'rtcp-only', url: rtcpOnly.url(), timeout: '60s' },
    ];
    writeFileSync(config, JSON.stringify({ server: { port: 0 }, cameras }));
  });
  afterAll(async () => {
    await Promise.all([good, mute, rtcpOnly].map((server) => server?.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    `${KILLS} times leaves no process behind, and no zombie`,
    async () => {
      const lasted: { name: string; ms: number }[] = [];
      const leaving: Promise<void>[] = [];
      for (let kill = 0; kill < KILLS; kill += 1) {
        const facegate = await startFacegate(['serve', '--config', config, '--data', folder]);
        const children = await eventually('three ffmpegs run', async () => {
          if (!(await isRunning(facegate.address, 'good'))) return null;
          const all = descendantsOf(facegate.pid);
          return all.filter((pid) => nameOf(pid) === 'ffmpeg').length === 3 ? all : null;
        });
        expect(children.filter((pid) => stateOf(pid) === 'Z')).toEqual([]);
        const names = children.map((pid) => [pid, `${nameOf(pid)} (${pid})`] as const);
        let hungUp = false;
        void good.left().then(() => {
          hungUp = true;
        });
        process.kill(facegate.pid, 'SIGKILL');
        const killed = performance.now();
        await facegate.ended;
        leaving.push(
          (async () => {
            // Its connection went through facegate: nobody is left to say goodbye, and the kernel hangs up.
            await eventually('the camera sees that its client has gone', () => hungUp || null);
            const gone = names.map(async ([pid, name]) => {
              // With the server gone, it is for the machine's init to reap them, when it pleases.
              await eventually(`${name} is gone`, () => !isAlive(pid) || stateOf(pid) === 'Z');
              return { name, ms: performance.now() - killed };
            });
            lasted.push((await Promise.all(gone)).reduce((last, one) => (one.ms > last.ms ? one : last)));
          })(),
        );
      }
      await Promise.all(leaving);
      const last = lasted.reduce((one, other) => (other.ms > one.ms ? other : one));
      process.stderr.write(`gone after ${Math.round(last.ms)} ms at most: ${last.name}\n`);
      expect(lasted).toHaveLength(KILLS);
      expect(last.ms).toBeLessThan(GONE_WITHIN_MS);
    },
    150_000 + KILLS * 20_000,
  );
});

async function isRunning(address: string, camera: string): Promise<boolean> {
  const answer = await fetch(`${address}/cameras/${camera}`);
  return ((await answer.json()) as { state: string }).state === 'running';
}

function nameOf(pid: number): string | null {
  return fieldOf(pid, /^\d+ \((.*)\) /s);
}

function stateOf(pid: number): string | null {
  return fieldOf(pid, /^\d+ \(.*\) (\S)/s);
}

function fieldOf(pid: number, field: RegExp): string | null {
  try {
    return field.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}
