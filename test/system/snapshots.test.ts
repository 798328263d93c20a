import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { eventually } from '../support/eventually.ts';
import { type FacegateProcess, startFacegate } from '../support/facegate-process.ts';
import { liveParts } from '../support/live-client.ts';
import { enrolFromPicture, longFilm, pictureAt, WALK } from '../support/people-in-film.ts';
import { requirement } from '../support/requirements.ts';
import { RtspServer } from '../support/rtsp-server.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';

const needed = [requirement('rtsp'), requirement('shared'), requirement('ffmpeg')];
/** How often it is killed in the moment that it tells of a grant. */
const KILLS = Number(process.env.FACEGATE_SNAPSHOT_KILLS ?? 4);
const GRANT_WITHIN_MS = 150_000;
/** The lower left corner, where the film has no black. */
const MASK = [
  [0, 0.8],
  [0.2, 0.8],
  [0.2, 1],
  [0, 1],
];

interface Told {
  readonly events: AccessEvent[];
  /** Of each frame: its JPEG, and where Ada is in it. */
  readonly frames: Map<number, { jpeg: Buffer; box: [number, number, number, number] | null }>;
  close(): void;
}

describe.skipIf(needed.some(({ met }) => !met))(
  'the picture of the moment, with real networks and a real camera',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-moment-'));
    const config = join(folder, 'facegate.yaml');
    const lines = join(folder, 'events.jsonl');
    let camera: RtspServer;
    let hook: WebhookReceiver;
    let facegate: FacegateProcess;
    let keys: Record<'admin' | 'read' | 'pictures', string>;

    const start = async (keep: string, masks: unknown[] = []) => {
      const settings = {
        server: { port: 0 },
        models: { processes: 1 },
        cameras: [{ id: 'front', url: `rtsp://127.0.0.1:${camera.port}/cam`, fps: 4, masks }],
        doors: [
          {
            id: 'lobby',
            cameras: ['front'],
            allow: ['Ada'],
            confirm: { matches: 2, within: '3s' },
            maxAge: '2s',
            cooldown: '3s',
          },
        ],
        events: { snapshots: { keep, quality: 95 } },
        sinks: [
          { type: 'webhook', url: hook.url, secrets: [`whsec_${Buffer.alloc(32, 7).toString('base64')}`] },
          { type: 'file', path: lines },
        ],
      };
      writeFileSync(config, JSON.stringify(settings));
      facegate = await startFacegate(['serve', '--config', config, '--data', folder]);
    };
    const get = (path: string, key: string) => fetch(facegate.address + path, { headers: { 'x-api-key': key } });
    const make = async (body: object, key?: string) => {
      const answer = await fetch(`${facegate.address}/keys`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key && { 'x-api-key': key }) },
        body: JSON.stringify(body),
      });
      return ((await answer.json()) as { key: string }).key;
    };
    const listen = async (onEvent: (event: AccessEvent) => void = () => undefined): Promise<Told> => {
      const headers = { 'x-api-key': keys.admin };
      const at = facegate.address.replace('http', 'ws');
      const told: Told = {
        events: [],
        frames: new Map(),
        close: () => {
          for (const socket of [feed, live]) socket.terminate();
        },
      };
      const feed = new WebSocket(`${at}/ws/events`, { headers });
      const live = new WebSocket(`${at}/ws/live?camera=front`, { headers });
      for (const socket of [feed, live]) socket.on('error', () => undefined);
      feed.on('message', (data) => {
        const event = JSON.parse(String(data)) as AccessEvent;
        told.events.push(event);
        onEvent(event);
      });
      live.on('message', (data: Buffer) => {
        const { json, jpeg } = liveParts(data);
        const ada = json.faces.find((face: { subject: { name: string } | null }) => face.subject?.name === 'Ada');
        if (jpeg) told.frames.set(json.sequence, { jpeg: Buffer.from(jpeg), box: ada?.bbox ?? null });
      });
      await Promise.all([feed, live].map((socket) => once(socket, 'open')));
      return told;
    };
    const grantWithFrame = (told: Told) =>
      eventually(
        'a grant whose frame was seen',
        () => {
          const grant = told.events.find(
            ({ type, replay, frameSequence }) =>
              type === 'access.granted' && !replay && told.frames.get(frameSequence ?? 0)?.box,
          );
          return grant ? { grant, ...told.frames.get(grant.frameSequence as number)! } : null;
        },
        GRANT_WITHIN_MS,
      );
    const snapshots = () => (existsSync(join(folder, 'snapshots')) ? readdirSync(join(folder, 'snapshots')) : []);

    beforeAll(async () => {
      camera = await RtspServer.start({ film: longFilm(WALK, 300, join(folder, 'film.mp4')), path: '/cam' });
      hook = await WebhookReceiver.start();
      await start('crop');
      await enrolFromPicture(facegate.address, 'Ada', pictureAt(WALK, 2));
      const admin = await make({ name: 'boss', scopes: ['admin'] });
      const read = await make({ name: 'wall', scopes: ['read'] }, admin);
      keys = { admin, read, pictures: await make({ name: 'guard', scopes: ['pictures'] }, admin) };
    }, 180_000);
    afterAll(async () => {
      await facegate?.stop();
      await camera?.close();
      await hook?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('comes with the grant in every feed, shows that face of that very frame, and lies sealed', {
      timeout: 240_000,
    }, async () => {
      const told = await listen();
      const { grant, jpeg, box } = await grantWithFrame(told);
      told.close();
      expect(grant.snapshotUrl).toBe(`/events/${grant.id}/snapshot`);
      const answer = await get(grant.snapshotUrl as string, keys.pictures);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
      expect(answer.headers.get('cache-control')).toBe('private, no-store');
      const picture = Buffer.from(await answer.arrayBuffer());

      const [x1, y1, x2, y2] = box as [number, number, number, number];
      const surroundings = await cutOut(jpeg, [
        x1 - (x2 - x1) / 2,
        y1 - (y2 - y1) / 2,
        x2 + (x2 - x1) / 2,
        y2 + (y2 - y1) / 2,
      ]);
      const elsewhere = await cutOut(jpeg, [x1 + (x2 - x1), y1, x2 + 2 * (x2 - x1), y2 + (y2 - y1)]);
      expect(await distance(picture, surroundings)).toBeLessThan(6);
      expect(await distance(picture, elsewhere)).toBeGreaterThan(20);
      expect((await sharp(picture).metadata()).width).toBeLessThanOrEqual(480);

      for (const [key, status] of [
        [keys.read, 403],
        ['no-such-key-0123456789-abcdef', 401],
        [keys.admin, 200],
      ] as const) {
        expect((await get(grant.snapshotUrl as string, key)).status).toBe(status);
      }
      const { events } = (await (await get('/events?types=access.granted', keys.read)).json()) as {
        events: AccessEvent[];
      };
      expect(events.find(({ id }) => id === grant.id)?.snapshotUrl).toBe(grant.snapshotUrl);
      const posted = await eventually(
        'the webhook has it',
        () => hook.received.find(({ data }) => data.id === grant.id) ?? null,
      );
      expect(posted.data.snapshotUrl).toBe(grant.snapshotUrl);
      expect(Buffer.byteLength(posted.body)).toBeLessThan(20_000);
      await eventually(
        'the file has it',
        () => existsSync(lines) && readFileSync(lines, 'utf8').includes(grant.snapshotUrl as string),
      );

      const { entries } = (await (await get('/audit?limit=1000', keys.admin)).json()) as {
        entries: { action: string }[];
      };
      expect(entries.filter(({ action }) => action === 'snapshot.viewed')).toMatchObject(
        ['key guard', 'key boss'].map((by) => ({ by, subject: grant.subject?.id, details: { event: grant.id } })),
      );
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true }).filter((file) =>
        file.isFile(),
      );
      const known = picture.subarray(200, 232);
      for (const file of files) {
        if (file.name === 'film.mp4' || file.parentPath.includes('models')) continue;
        const bytes = readFileSync(join(file.parentPath, file.name));
        expect([file.name, bytes.includes(known), bytes.includes(Buffer.of(0xff, 0xd8, 0xff, 0xdb))]).toEqual([
          file.name,
          false,
          false,
        ]);
      }
      expect(snapshots().length).toBeGreaterThan(0);
    });

    it(`is there or is not, and nothing else, after ${KILLS} kills between the event and its picture`, {
      timeout: 60_000 + KILLS * 120_000,
    }, async () => {
      const answers: number[] = [];
      for (let kill = 0; kill < KILLS; kill += 1) {
        const { promise, resolve } = Promise.withResolvers<AccessEvent>();
        const told = await listen((event) => {
          if (event.type !== 'access.granted' || event.replay) return;
          process.kill(facegate.pid, 'SIGKILL');
          resolve(event);
        });
        const grant = await promise;
        await facegate.ended;
        told.close();
        await start('crop');
        const answer = await get(grant.snapshotUrl as string, keys.pictures);
        const body = Buffer.from(await answer.arrayBuffer());
        if (answer.status === 404) expect(JSON.parse(String(body)).code).toBe('SNAPSHOT_NOT_FOUND');
        else expect((await sharp(body).metadata()).format).toBe('jpeg');
        answers.push(answer.status);
        expect(snapshots().filter((name) => name.endsWith('.part'))).toEqual([]);
      }
      process.stderr.write(`after the kills: ${answers.join(' ')}\n`);
      expect(answers).toContain(404);
    });

    it('of the whole frame is the frame, black where a mask is; goes with its subject, at once and counted', {
      timeout: 240_000,
    }, async () => {
      await facegate.stop();
      await start('frame', [MASK]);
      const told = await listen();
      const { grant, jpeg } = await grantWithFrame(told);
      told.close();
      const picture = Buffer.from(await (await get(grant.snapshotUrl as string, keys.pictures)).arrayBuffer());
      expect(await distance(picture, jpeg)).toBeLessThan(6);
      const { width, height } = (await sharp(picture).metadata()) as { width: number; height: number };
      expect([width, height]).toEqual([1280, 720]);
      expect(await brightness(picture, [0, Math.ceil(0.81 * height), Math.floor(0.19 * width), height])).toBeLessThan(
        3,
      );
      const before = pictureAt(WALK, 2);
      expect(await brightness(before, [0, 880, 360, 1080])).toBeGreaterThan(20);

      const subject = grant.subject?.id as string;
      const mine = snapshots().length;
      const deleted = await fetch(`${facegate.address}/subjects/${subject}`, {
        method: 'DELETE',
        headers: { 'x-api-key': keys.admin },
      });
      expect(deleted.status).toBe(204);
      expect((await get(grant.snapshotUrl as string, keys.pictures)).status).toBe(404);
      const { entries } = (await (await get('/audit?limit=1000', keys.admin)).json()) as {
        entries: { action: string; subject: string; details: { pictures: number } }[];
      };
      const receipt = entries.find(({ action }) => action === 'snapshot.deleted');
      expect(receipt?.subject).toBe(subject);
      expect(receipt?.details.pictures).toBeGreaterThan(0);
      expect(receipt?.details.pictures).toBeLessThanOrEqual(mine + 1);
    });

    it('is not there when it is switched off, and no event says that it is', { timeout: 240_000 }, async () => {
      await facegate.stop();
      await start('off');
      const told = await listen();
      const denied = await eventually(
        'somebody is denied',
        () => told.events.find(({ type, replay }) => type === 'access.denied' && !replay) ?? null,
        GRANT_WITHIN_MS,
      );
      told.close();
      expect(denied).not.toHaveProperty('snapshotUrl');
      expect((await get(`/events/${denied.id}/snapshot`, keys.pictures)).status).toBe(404);
    });
  },
);

type Area = readonly [x1: number, y1: number, x2: number, y2: number];

async function cutOut(jpeg: Buffer, [x1, y1, x2, y2]: Area): Promise<Buffer> {
  const { width = 0, height = 0 } = await sharp(jpeg).metadata();
  const left = Math.max(0, Math.min(width - 1, Math.floor(x1)));
  const top = Math.max(0, Math.min(height - 1, Math.floor(y1)));
  const across = Math.max(1, Math.min(width, Math.ceil(x2)) - left);
  const down = Math.max(1, Math.min(height, Math.ceil(y2)) - top);
  return sharp(jpeg).extract({ left, top, width: across, height: down }).png().toBuffer();
}

/** Mean difference of grey values, 0..255, both at the same small size. */
async function distance(a: Buffer, b: Buffer): Promise<number> {
  const [one, other] = await Promise.all(
    [a, b].map((picture) => sharp(picture).greyscale().resize(64, 64, { fit: 'fill' }).raw().toBuffer()),
  );
  return (
    (one as Buffer).reduce((sum, value, i) => sum + Math.abs(value - (other as Buffer)[i]!), 0) / (one as Buffer).length
  );
}

async function brightness(jpeg: Buffer, area: Area): Promise<number> {
  const { channels } = await sharp(await cutOut(jpeg, area))
    .greyscale()
    .stats();
  return channels[0]?.mean ?? 255;
}
