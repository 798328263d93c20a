import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FacegateProcess, startFacegate } from '../test/support/facegate-process.ts';
import { longFilm } from '../test/support/people-in-film.ts';
import { RtspServer } from '../test/support/rtsp-server.ts';
import { film } from './materials.ts';

export interface CameraRig extends AsyncDisposable {
  readonly facegate: FacegateProcess;
  /** One sample of a metric whose line begins with `series`, e.g. `facegate_frames_analysed_total{camera="a"}`. */
  metric(series: string): Promise<number>;
}

/** A real facegate process watching real RTSP cameras (GStreamer's server), each playing the film again and again. */
export async function openCameraRig(o: { cameras: number; fps: number; filmSeconds: number }): Promise<CameraRig> {
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const long = longFilm(film(), o.filmSeconds, join(folder, 'film.mp4'));
  const cameras: { id: string; url: string; fps: number }[] = [];
  for (let i = 1; i <= o.cameras; i += 1) {
    const server = opened.use(await RtspServer.start({ film: long }));
    cameras.push({ id: `camera${i}`, url: server.url(), fps: o.fps });
  }
  const config = join(folder, 'facegate.yaml');
  writeFileSync(config, JSON.stringify({ server: { port: 0 }, cameras }));
  const facegate = opened.use(await startFacegate(['serve', '--config', config, '--data', folder]));
  const rooms = opened.move();
  return {
    facegate,
    async metric(series) {
      const text = await (await fetch(`${facegate.address}/metrics`)).text();
      // Further labels, like the tenant's, may stand behind those asked for.
      const begin = series.replace(/\}$/, '');
      const line = text.split('\n').find((each) => each.startsWith(begin));
      return Number(line?.split(' ').at(-1) ?? Number.NaN);
    },
    [Symbol.asyncDispose]: () => rooms.disposeAsync(),
  };
}
