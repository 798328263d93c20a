import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { eventually } from '../support/eventually.ts';
import { startFacegate } from '../support/facegate-process.ts';
import { FaultRtspServer } from '../support/fault-rtsp-server.ts';
import { WALK } from '../support/people-in-film.ts';
import { requirement } from '../support/requirements.ts';

interface Message {
  readonly width: number;
  readonly height: number;
  readonly faces: readonly { readonly bbox: readonly [number, number, number, number] }[];
}

/** The clip at this width, as the fault server plays it. */
function people(width: number): Buffer {
  const coding = '-an -c:v libx264 -preset ultrafast -bf 0 -g 25 -pix_fmt yuv420p -f h264';
  const one = ['-x264-params', 'slices=1:sliced-threads=0:repeat-headers=1'];
  const args = [
    '-v',
    'error',
    '-i',
    WALK,
    '-t',
    '4',
    '-vf',
    `scale=${width}:-2`,
    ...one,
    ...coding.split(' '),
    'pipe:1',
  ];
  return execFileSync('ffmpeg', args, { maxBuffer: 64 * 1024 * 1024 });
}

describe.skipIf(!requirement('shared').met || !requirement('ffmpeg').met)(
  'a camera that changes its resolution',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-resolution-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('while it plays has boxes on the scale of each picture, and one event for each change', async () => {
      await using camera = await FaultRtspServer.start({ video: Buffer.concat([people(1280), people(640)]) });
      const config = join(folder, 'facegate.yaml');
      writeFileSync(config, JSON.stringify({ server: { port: 0 }, cameras: [{ id: 'front', url: camera.url() }] }));
      await using facegate = await startFacegate(['serve', '--config', config, '--data', folder]);
      const messages: Message[] = [];
      const socket = new WebSocket(`${facegate.address.replace('http', 'ws')}/ws/live?video=0`);
      socket.on('message', (data) => messages.push(JSON.parse(String(data)) as Message));
      const changes = () => messages.filter(({ width }, i) => i > 0 && width !== messages[i - 1]!.width).length;
      await eventually(
        'it has changed three times, and gone on',
        () => changes() >= 3 && messages.at(-1)!.width === 640,
      );
      await eventually('and is in the middle of the smaller pictures', () =>
        messages.slice(-5).every(({ width }) => width === 640),
      );
      camera.fault = 'rtcp-only';

      expect(new Set(messages.map(({ width, height }) => `${width}x${height}`))).toEqual(
        new Set(['1280x720', '640x360']),
      );
      // Somebody's share of the width is the same in both, as they are the same pictures.
      const shareAt = (size: number) => {
        const widths = messages
          .filter(({ width, faces }) => width === size && faces.length > 0)
          .map(({ faces }) => Math.max(...faces.map(({ bbox: [left, , right] }) => right - left)) / size)
          .sort((a, b) => a - b);
        expect(widths.length).toBeGreaterThan(5);
        return widths[widths.length >> 1]!;
      };
      expect(shareAt(640) / shareAt(1280)).toBeGreaterThan(0.75);
      expect(shareAt(640) / shareAt(1280)).toBeLessThan(1.33);
      for (const { width, height, faces } of messages) {
        for (const { bbox } of faces) {
          expect(bbox[2]).toBeLessThanOrEqual(width);
          expect(bbox[3]).toBeLessThanOrEqual(height);
        }
      }
      const { events } = (await (await fetch(`${facegate.address}/events?limit=1000`)).json()) as {
        events: AccessEvent[];
      };
      const told = events.filter(({ type }) => type === 'camera.changed').map(({ reason }) => reason);
      expect(told).toHaveLength(changes());
      expect(new Set(told)).toEqual(new Set(['h264 640x360', 'h264 1280x720']));
      socket.close();
    });
  },
);
