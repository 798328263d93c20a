import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CameraView } from '../../server/server-parts.ts';
import { eventually } from '../support/eventually.ts';
import { type FacegateProcess, startFacegate } from '../support/facegate-process.ts';
import { freePort } from '../support/free-port.ts';
import { longFilm, WALK } from '../support/people-in-film.ts';
import { requirement } from '../support/requirements.ts';
import { RtspServer } from '../support/rtsp-server.ts';

const needed = [requirement('rtsp'), requirement('shared'), requirement('ffmpeg')];
const PASSWORD = 'correct-h0rse/battery@staple';

describe.skipIf(needed.some(({ met }) => !met))('facegate with one good camera and four bad ones', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-cameras-'));
  let camera: RtspServer;
  let facegate: FacegateProcess;
  const cameras = async () => {
    const { cameras } = (await (await fetch(`${facegate.address}/cameras`)).json()) as { cameras: CameraView[] };
    return new Map(cameras.map((view) => [view.id, view]));
  };

  beforeAll(async () => {
    const film = longFilm(WALK, 60, join(folder, 'film.mp4'));
    const credentials = { user: 'joe', password: PASSWORD };
    camera = await RtspServer.start({ film, path: '/cam', credentials });
    const url = (o: { scheme?: string; password?: string; port?: number; path?: string }) =>
      `${o.scheme ?? 'rtsp'}://joe:${encodeURIComponent(o.password ?? PASSWORD)}@127.0.0.1:${o.port ?? camera.port}${o.path ?? '/cam'}`;
    const config = {
      server: { port: 0 },
      cameras: [
        { id: 'good', url: url({}) },
        { id: 'wrong-path', url: url({ path: '/nowhere' }) },
        { id: 'wrong-port', url: url({ port: await freePort() }) },
        { id: 'wrong-scheme', url: url({ scheme: 'rtsps' }) },
        { id: 'wrong-password', url: url({ password: 'incorrect-h0rse' }) },
      ],
    };
    const file = join(folder, 'facegate.yaml');
    writeFileSync(file, JSON.stringify(config));
    facegate = await startFacegate(['serve', '--config', file, '--data', folder, '--log-level', 'debug']);
  });
  afterAll(async () => {
    await facegate?.stop();
    await camera?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['wrong-path', 'STREAM_NOT_FOUND', 'knows no stream under that path'],
    ['wrong-port', 'STREAM_CONNECTION_FAILED', 'nothing listens at'],
    ['wrong-scheme', 'STREAM_TLS_FAILED', 'is it rtsp:// rather than rtsps://?'],
    ['wrong-password', 'STREAM_AUTH_FAILED', 'refused the user name or password'],
  ])('says what is wrong with %s', async (id, code, said) => {
    const view = await eventually(`${id} has a code`, async () => {
      const found = (await cameras()).get(id);
      return found?.code ? found : null;
    });
    expect(view).toMatchObject({ code, state: 'reconnecting' });
    expect(view.message).toContain('127.0.0.1');
    expect(view.message).toContain(said);
  });

  it('analyses the good one meanwhile, all that it sends', async () => {
    // A share, not a rate: this machine may be busy with other tests.
    const view = await eventually('the good camera is analysed as fast as it comes', async () => {
      const found = (await cameras()).get('good');
      return found && found.fps.received >= 1 && found.fps.analysed >= 0.9 * found.fps.received ? found : null;
    });
    expect(view).toMatchObject({ state: 'running', code: null });
  });

  it('has shown the password to nobody', async () => {
    const answers = await Promise.all(
      ['/cameras', '/ready', '/metrics', '/events?since=0'].map(async (path) =>
        (await fetch(facegate.address + path)).text(),
      ),
    );
    const everything = [...answers, ...facegate.said].join('\n');
    expect(everything).toContain('wrong-password');
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), 'incorrect-h0rse']) {
      expect(everything).not.toContain(secret);
    }
  });
});
