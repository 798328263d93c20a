import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ProviderName } from '../../config/execution-providers.ts';
import type { CameraView } from '../../server/server-parts.ts';
import { eventually } from '../../test/support/eventually.ts';
import { type FacegateProcess, startFacegate } from '../../test/support/facegate-process.ts';
import { usualModels } from '../usual-networks.ts';
import { cpuSeconds, type ProgramCpu, programCpu } from './cpu-time.ts';
import { FilmServer } from './film-server.ts';

export interface RigCamera {
  readonly id: string;
  readonly url: string;
  readonly fps?: number;
  readonly width?: number;
  /** Files only. */
  readonly loop?: boolean;
}

export interface LiveRigOptions {
  /** A film for each address of the RTSP server: `rig.films.url(name)`. */
  readonly films?: Readonly<Record<string, string>>;
  /** That are there from the start; `file:` ones can only be these. */
  readonly cameras?: readonly RigCamera[] | ((films: FilmServer) => readonly RigCamera[]);
  /** All networks run on it, or facegate does not start; takes the place of `models`. Default: as the settings have it. */
  readonly provider?: ProviderName | undefined;
  /** Besides cameras and port. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Follow frames for so long, into `rig.traceFile`. Default: not. */
  readonly traceSeconds?: number;
}

/** What happened from one moment to another. */
export interface Span {
  readonly seconds: number;
  /** Frames by camera. */
  readonly analysed: ReadonlyMap<string, number>;
  /** Frames that were counted as dropped, by any reason, by camera. */
  readonly dropped: ReadonlyMap<string, number>;
  /** Live messages that the server left out, each for one viewer. */
  readonly leftOut: number;
  readonly cpu: ProgramCpu & { readonly films: number };
  readonly loopDelayP99Ms: number;
}

interface Look extends Omit<Span, 'seconds'> {
  readonly atMs: number;
}

/** The real program in a process of its own, and beside it the server of the cameras' films. */
export class LiveRig implements AsyncDisposable {
  readonly facegate: FacegateProcess;
  readonly films: FilmServer;
  /** Empty, and gone with the rig. */
  readonly folder: string;
  readonly #opened: AsyncDisposableStack;

  private constructor(o: {
    facegate: FacegateProcess;
    films: FilmServer;
    folder: string;
    opened: AsyncDisposableStack;
  }) {
    this.facegate = o.facegate;
    this.films = o.films;
    this.folder = o.folder;
    this.#opened = o.opened;
  }

  static async start(options: LiveRigOptions): Promise<LiveRig> {
    const { films = {}, cameras = [], provider, settings = {}, traceSeconds } = options;
    await using opened = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
    opened.defer(() => rmSync(folder, { recursive: true, force: true }));
    const server = opened.use(await FilmServer.start(films));
    const config = join(folder, 'facegate.yaml');
    const there = typeof cameras === 'function' ? cameras(server) : cameras;
    // No camera is held back, whatever the trial before was: what the machine cannot do is to be seen as dropped.
    writeFileSync(
      config,
      JSON.stringify({
        analysis: { adaptive: false },
        ...settings,
        ...(provider && { models: usualModels([provider]) }),
        server: { port: 0 },
        cameras: there,
      }),
    );
    const trace =
      traceSeconds === undefined ? [] : ['--trace', traceFileIn(folder), '--trace-seconds', String(traceSeconds)];
    const facegate = opened.use(
      await startFacegate(['serve', '--config', config, '--data', join(folder, 'data'), ...trace]),
    );
    return new LiveRig({ facegate, films: server, folder, opened: opened.move() });
  }

  async add(camera: RigCamera): Promise<void> {
    await this.#ask('POST', '/cameras', camera);
  }

  async remove(id: string): Promise<void> {
    await this.#ask('DELETE', `/cameras/${id}`);
  }

  /** Until these cameras run, have been analysed at all, and `settleMs` have passed since. */
  async running(ids: readonly string[], settleMs = 3000): Promise<void> {
    await eventually(
      `${ids.length} running cameras`,
      async () => {
        const { cameras } = (await this.#ask('GET', '/cameras')) as { cameras: CameraView[] };
        const states = new Map(cameras.map(({ id, state, fps }) => [id, state === 'running' && fps.analysed > 0]));
        return ids.every((id) => states.get(id));
      },
      60_000,
    );
    await wait(settleMs);
  }

  /** What happens meanwhile. Nobody else may read the metrics: that begins the event loop's delay anew. */
  async during(what: Promise<unknown> | number): Promise<Span> {
    const before = await this.#look();
    await (typeof what === 'number' ? wait(what * 1000) : what);
    const after = await this.#look();
    const since = (later: ReadonlyMap<string, number>, earlier: ReadonlyMap<string, number>) =>
      new Map([...later].map(([camera, count]) => [camera, count - (earlier.get(camera) ?? 0)]));
    return {
      seconds: (after.atMs - before.atMs) / 1000,
      analysed: since(after.analysed, before.analysed),
      dropped: since(after.dropped, before.dropped),
      leftOut: after.leftOut - before.leftOut,
      cpu: {
        server: after.cpu.server - before.cpu.server,
        inference: after.cpu.inference - before.cpu.inference,
        ffmpeg: after.cpu.ffmpeg - before.cpu.ffmpeg,
        films: after.cpu.films - before.cpu.films,
      },
      loopDelayP99Ms: after.loopDelayP99Ms,
    };
  }

  /** Whole when facegate has ended, or the trace's time is over. */
  get traceFile(): string {
    return traceFileIn(this.folder);
  }

  get socketAddress(): string {
    return `${this.facegate.address.replace('http', 'ws')}/ws/live`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  async #look(): Promise<Look> {
    const text = await (await fetch(`${this.facegate.address}/metrics`)).text();
    const atMs = performance.now();
    const delay = /facegate_event_loop_delay_seconds\{quantile="0.99"[^}]*\} (\S+)/.exec(text)?.[1];
    return {
      atMs,
      analysed: byCamera(text, 'facegate_frames_analysed_total'),
      dropped: byCamera(text, 'facegate_frames_dropped_total'),
      leftOut: Number(/^facegate_live_messages_dropped_total(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1]),
      cpu: { ...programCpu(this.facegate.pid), films: cpuSeconds(this.films.pid) },
      loopDelayP99Ms: 1000 * Number(delay ?? Number.NaN),
    };
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.facegate.address + path, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  }
}

function traceFileIn(folder: string): string {
  return join(folder, 'trace.json');
}

/** Of all samples of a counter, the sum of each camera. */
export function byCamera(metrics: string, series: string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [, camera, value] of metrics.matchAll(new RegExp(`^${series}\\{camera="([^"]+)"[^}]*\\} (\\S+)$`, 'gm')))
    sums.set(camera!, (sums.get(camera!) ?? 0) + Number(value));
  return sums;
}

/** @returns the sum over all cameras. */
export function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
