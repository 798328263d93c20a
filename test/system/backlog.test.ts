import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { eventually } from '../support/eventually.ts';
import { startFacegate } from '../support/facegate-process.ts';
import { enrolFromPicture, longFilm, pictureAt, WALK } from '../support/people-in-film.ts';
import { requirement } from '../support/requirements.ts';
import { RtspServer } from '../support/rtsp-server.ts';

const needed = [requirement('rtsp'), requirement('shared'), requirement('ffmpeg')];
// Far from the ten seconds, and long enough for a machine that runs other tests at the same time.
const MAX_AGE_MS = 1500;
const STOPPED_MS = 10_000;

describe.skipIf(needed.some(({ met }) => !met))('a server that was stopped for ten seconds', () => {
  it('grants nobody from the pictures that piled up', { timeout: 180_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-backlog-'));
    await using camera = await RtspServer.start({ film: longFilm(WALK, 120, join(folder, 'film.mp4')) });
    const config = join(folder, 'facegate.yaml');
    writeFileSync(
      config,
      JSON.stringify({
        server: { port: 0 },
        cameras: [{ id: 'front', url: camera.url() }],
        doors: [{ id: 'lobby', cameras: ['front'], allow: ['Ada'], maxAge: `${MAX_AGE_MS}ms`, cooldown: '0s' }],
      }),
    );
    await using facegate = await startFacegate(['serve', '--config', config, '--data', folder]);
    const grants = async () => {
      const answer = await fetch(`${facegate.address}/events?since=0&limit=1000`);
      const { events } = (await answer.json()) as { events: AccessEvent[] };
      return events.filter(({ type }) => type === 'access.granted');
    };
    await enrolFromPicture(facegate.address, 'Ada', pictureAt(WALK, 2));
    await eventually('the door opens for Ada', async () => (await grants()).length > 0, 60_000);

    const stoppedAt = Date.now();
    process.kill(facegate.pid, 'SIGSTOP');
    await wait(STOPPED_MS);
    process.kill(facegate.pid, 'SIGCONT');
    const continuedAt = Date.now();

    const later = await eventually(
      'the door opens again, for a fresh picture',
      async () => {
        const after = (await grants()).filter(({ decidedAt }) => Date.parse(decidedAt) >= continuedAt);
        return after.length > 0 ? after : null;
      },
      60_000,
    );
    for (const { capturedAt, decidedAt } of later) {
      const captured = Date.parse(capturedAt as string);
      expect(Date.parse(decidedAt) - captured).toBeLessThanOrEqual(MAX_AGE_MS);
      // Nothing that was seen while the server stood still opened the door.
      expect(captured < stoppedAt || captured > continuedAt - MAX_AGE_MS).toBe(true);
    }
    rmSync(folder, { recursive: true, force: true });
  });
});
