import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../pipeline/system-clock.ts';
import { Cameras } from '../../server/camera-registry.ts';
import { CameraStore } from '../../server/cameras/camera-store.ts';
import { Previews } from '../../sinks/previews.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { cameraListener } from '../support/camera-listener.ts';
import { descendantsOf } from '../support/child-processes.ts';
import { eventually } from '../support/eventually.ts';
import { fakeAnalyser } from '../support/fake-analyser.ts';
import { FakeSocket } from '../support/fake-socket.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { requirement } from '../support/requirements.ts';
import { RtspServer } from '../support/rtsp-server.ts';
import { TestFilms } from '../support/test-film.ts';

const CREDENTIALS = { user: 'ann', password: 'canary-preview' };

/** The time stamps of the pictures in an MPEG transport stream, seconds (ISO/IEC 13818-1, 2.4.3.6). */
function pictureTimes(packets: Buffer): number[] {
  const times: number[] = [];
  for (let at = 0; at < packets.length; at += 188) {
    const packet = packets.subarray(at, at + 188);
    if ((packet[1]! & 0x40) === 0) continue;
    const pes = (packet[3]! & 0x20) === 0 ? 4 : 5 + packet[4]!;
    if (packet.readUIntBE(pes, 3) !== 1 || (packet[pes + 3]! & 0xf0) !== 0xe0) continue;
    const field = packet.subarray(pes + 9, pes + 14);
    const high = (field[0]! >> 1) & 7;
    const pts = high * 2 ** 30 + (field.readUInt16BE(1) >> 1) * 2 ** 15 + (field.readUInt16BE(3) >> 1);
    times.push(pts / 90_000);
  }
  return times;
}

describe.skipIf(!requirement('rtsp').met || !requirement('ffmpeg').met)('the smooth preview of a real camera', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'facegate-preview-'));
  const log = recordedLog();
  let films: TestFilms;
  let server: RtspServer;
  let store: CameraStore;
  let cameras: Cameras;
  let previews: Previews;

  beforeAll(async () => {
    films = await TestFilms.create();
    server = await RtspServer.start({
      film: await films.draw({ seconds: 30, size: '640x360' }),
      credentials: CREDENTIALS,
    });
    const ffmpeg = await findFfmpeg({ pathVariable: process.env.PATH });
    store = new CameraStore({ dataDir, clock: systemClock });
    cameras = new Cameras({
      ffmpeg,
      baseDir: films.dir,
      analyser: fakeAnalyser(),
      gallery: { search: async (probes) => probes.map(() => []) },
      threshold: 0.5,
      margin: 0,
      store,
      doorsOf: () => [],
      latestPicture: () => null,
      listener: cameraListener({
        restarted: (id) => previews.restarted(id),
        removed: (id) => previews.removed(id),
      }),
      clock: systemClock,
      log,
    });
    previews = new Previews({
      ffmpegPath: ffmpeg.path,
      environment: ffmpeg.environment,
      feed: (id) => cameras.previewFeed(id),
      clock: systemClock,
      log,
    });
    cameras.add({ id: 'front', url: server.url(CREDENTIALS), fps: 1 });
    await eventually('the camera runs', () => cameras.get('front').state === 'running');
  });
  afterAll(async () => {
    await previews?.close();
    await cameras?.close();
    store?.close();
    await server?.close();
    await films?.[Symbol.asyncDispose]();
    rmSync(dataDir, { recursive: true });
  });

  it('has every picture of the camera though one a second is analysed, and opens it once', async () => {
    const socket = new FakeSocket();
    previews.add(socket, { camera: 'front' });
    await expect
      .poll(() => pictureTimes(Buffer.concat(socket.sent as Buffer[])).length, { timeout: 30_000 })
      .toBeGreaterThan(60);
    const times = pictureTimes(Buffer.concat(socket.sent as Buffer[]));
    const steps = times.slice(1).map((time, i) => time - times[i]!);
    expect(Math.max(...steps)).toBeLessThan(0.09);
    expect((times.length - 1) / (times.at(-1)! - times[0]!)).toBeCloseTo(25, 0);

    expect(cameras.get('front')).toMatchObject({ connections: 1, stream: { codec: 'h264', width: 640, height: 360 } });
    // The ffmpeg that decodes, and the one that encodes; neither shows a secret to other users.
    const pids = descendantsOf(process.pid).filter((pid) => /ffmpeg/.test(commandLine(pid)));
    expect(pids).toHaveLength(2);
    for (const pid of pids) expect(commandLine(pid)).not.toMatch(/canary|rtsp:\/\//);
    expect(JSON.stringify(log.lines)).not.toContain('canary');
  });

  it('is seen by the view: what comes, decoded and in bits', async () => {
    await expect.poll(() => cameras.get('front').stream?.bitsPerSecond, { timeout: 10_000 }).toBeGreaterThan(50_000);
    expect(cameras.get('front').fps.decoded).toBeGreaterThan(15);
    expect(cameras.readings()[0]!.bitsPerSecond).toBeGreaterThan(50_000);
    expect(JSON.stringify(cameras.list())).not.toContain('canary');
  });

  it('comes back with the camera after a change of its settings', async () => {
    const socket = new FakeSocket();
    previews.add(socket, { camera: 'front' });
    await expect.poll(() => socket.sent.length, { timeout: 30_000 }).toBeGreaterThan(0);
    await cameras.change('front', {
      masks: [
        [
          [0, 0],
          [1, 0],
          [1, 1],
          [0, 1],
        ],
      ],
    });
    const before = socket.sent.length;
    await expect.poll(() => socket.sent.length, { timeout: 30_000 }).toBeGreaterThan(before);
    expect(socket.closed).toBeNull();
  });
});

const commandLine = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
