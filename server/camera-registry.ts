import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../config/app-error.ts';
import { redact } from '../config/redact.ts';
import type { CameraSettings } from '../config/settings-schema.ts';
import type { PreviewFeed } from '../sinks/camera-preview.ts';
import { probeCamera } from '../sources/probe-camera.ts';
import type { CameraReading } from './cameras/camera-metrics.ts';
import type { CameraInput, CameraStore } from './cameras/camera-store.ts';
import { cameraView } from './cameras/camera-view.ts';
import { changedCamera } from './cameras/changed-camera.ts';
import { AREAS, withDrawnAreas } from './cameras/drawn-areas.ts';
import { type CameraOrigin, type KnownCamera, NOTHING_YET, totalsOf } from './cameras/known-camera.ts';
import { ReconnectTally } from './cameras/reconnect-tally.ts';
import { type CameraPatch, remoteCamera } from './cameras/remote-camera.ts';
import { type CameraSurroundings, RunningCamera } from './cameras/running-camera.ts';
import { decodeImage } from './pictures/decode-image.ts';
import type { CameraProbe, CameraRegistry, CameraView, LatestPicture } from './server-parts.ts';

export interface CamerasOptions extends CameraSurroundings {
  /** Where what people change is kept. */
  store: Pick<CameraStore, 'added' | 'save' | 'forget' | 'drawn' | 'draw'>;
  /** Ids of the doors that look through a camera. */
  doorsOf: (cameraId: string) => readonly string[];
  latestPicture: (cameraId: string) => LatestPicture | null;
  /** How many there may be; null or not given: any number. */
  limit?: number | null | undefined;
  /** Judges what is to be added, and what was. Default: as it may come over HTTP. */
  accept?: (camera: CameraInput) => CameraSettings;
}

/** A picture that is no older shows what the camera sees. */
const YOUNG_MS = 5000;
/** Wider pictures are not asked for. */
const WIDEST = 3840;

/** Every camera of the tenant: runs them, changes them, knows how they are doing. The only owner of that state. */
export class Cameras implements CameraRegistry, AsyncDisposable {
  readonly #options: CamerasOptions;
  readonly #surroundings: CameraSurroundings;
  readonly #accept: (camera: CameraInput) => CameraSettings;
  readonly #known = new Map<string, KnownCamera>();
  #closing: Promise<void> | null = null;

  constructor(options: CamerasOptions) {
    this.#options = options;
    this.#accept = options.accept ?? remoteCamera;
    const { listener } = options;
    this.#surroundings = {
      ...options,
      listener: {
        ...listener,
        status: (status) => {
          const camera = this.#known.get(status.cameraId);
          if (camera) {
            camera.status = status;
            camera.reconnects.note(status.state);
          }
          listener.status(status);
        },
      },
    };
  }

  /**
   * Starts the cameras of the settings and those that were added before. Where both name one, the settings win; that is
   * logged and stands in its view.
   *
   * @throws {AppError} SOURCE_URL_INVALID for a camera of the settings.
   */
  start(configured: readonly CameraSettings[]): void {
    const { store, log } = this.#options;
    const drawn = store.drawn();
    for (const camera of configured) {
      const { settings, unused } = withDrawnAreas(camera, drawn.get(camera.id) ?? {});
      const conflict = unused.length > 0 ? `the settings win over the ${unused.join(' and ')} that were drawn` : null;
      if (conflict) log.warn({ camera: camera.id }, `camera "${camera.id}": ${conflict}`);
      this.#put(new RunningCamera(settings, this.#surroundings), { kind: 'config', settings: camera, conflict });
    }
    for (const input of store.added(log)) this.#restore(input);
  }

  list(): CameraView[] {
    return [...this.#known.values()].map((camera) => this.#view(camera));
  }

  get(id: string): CameraView {
    return this.#view(this.#find(id));
  }

  /** For the metrics. */
  readings(): CameraReading[] {
    return [...this.#known.values()].map((camera) => {
      const { id, ageMs, stream, fps } = this.#view(camera);
      const { configured: askedFps, effective: effectiveFps, decoded: decodedFps } = fps;
      const bitsPerSecond = stream?.bitsPerSecond ?? null;
      return { camera: id, ageMs, decodedFps, bitsPerSecond, askedFps, effectiveFps, ...totalsOf(camera) };
    });
  }

  add(input: CameraInput): CameraView {
    this.#refuseWhenClosing();
    const settings = this.#accept(input);
    if (this.#known.has(settings.id)) {
      throw new AppError('CAMERA_EXISTS', `a camera "${settings.id}" is there already; choose another id`);
    }
    this.#refuseTooMany();
    const running = new RunningCamera(settings, this.#surroundings);
    this.#options.store.save(input);
    return this.#view(this.#put(running, { kind: 'added', input }));
  }

  async change(id: string, patch: CameraPatch): Promise<CameraView> {
    const camera = this.#find(id);
    return await this.#inTurn(camera, async () => {
      this.#refuseWhenClosing();
      // It may have been removed while this waited for its turn.
      if (this.#known.get(id) !== camera) throw notFound(id);
      if (camera.origin.kind === 'config') await this.#draw(camera, camera.origin.settings, patch);
      else await this.#edit(camera, camera.origin, patch);
      return this.#view(camera);
    });
  }

  async remove(id: string): Promise<void> {
    const camera = this.#find(id);
    await this.#inTurn(camera, async () => {
      if (this.#known.get(id) !== camera) return;
      const { store, listener } = this.#options;
      if (camera.origin.kind === 'config') {
        if (camera.origin.conflict === null) {
          throw new AppError('CAMERA_CONFIGURED', `camera "${id}" stands in the configuration file; remove it there`);
        }
        store.forget(id);
        store.draw(id, {});
        camera.origin.conflict = null;
        return;
      }
      store.forget(id);
      // It stays until its ffmpeg is gone: another one of that id must not come before, nor `close` forget it.
      await camera.running?.close();
      this.#known.delete(id);
      listener.removed(id);
    });
  }

  latestResult(id: string): LatestPicture | null {
    this.#find(id);
    return this.#options.latestPicture(id);
  }

  /** The video of a camera for the smooth preview; null while it does not run. */
  previewFeed(id: string): PreviewFeed | null {
    return this.#known.get(id)?.running?.previewFeed ?? null;
  }

  async look(id: string): Promise<CameraProbe> {
    const { settings, running } = this.#find(id);
    const newest = this.#options.latestPicture(id);
    const stream = running?.stream;
    if (running?.status.state !== 'running' || !stream || !newest || newest.ageMs > YOUNG_MS) {
      return await this.probe({ ...settings, width: WIDEST });
    }
    const jpeg = await newest.jpeg({ annotated: false });
    const picture = await decodeImage(jpeg, { name: 'the newest picture', maxBytes: jpeg.length });
    const { width, height, codec, fps } = stream;
    return { ok: true, width, height, codec, fps, picture };
  }

  probe(settings: CameraSettings): Promise<CameraProbe> {
    const { ffmpeg, baseDir } = this.#options;
    return probeCamera(settings, { ffmpeg, baseDir });
  }

  /** Resolves when every ffmpeg is gone. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const all = [...this.#known.values()];
    await Promise.all(all.map(({ running }) => running?.close()));
    // A change under way starts nothing any more, but may still wait for what it stopped.
    await Promise.all(all.map(({ changing }) => changing));
  }

  /** A camera of the database: whatever is wrong with it, the others start. */
  #restore(input: CameraInput): void {
    const { log } = this.#options;
    const { id } = input;
    const origin = this.#known.get(id)?.origin;
    if (origin?.kind === 'config') {
      const added = `the settings win over the camera of that id that was added (${redact(input.url)})`;
      origin.conflict = origin.conflict === null ? added : `${origin.conflict}; ${added}`;
      log.warn({ camera: id }, `camera "${id}": ${added}`);
    }
    if (origin) return;
    try {
      this.#refuseTooMany();
      this.#put(new RunningCamera(this.#accept(input), this.#surroundings), { kind: 'added', input });
    } catch (error) {
      const { code, message } = AppError.from(error);
      log.error({ camera: id, code }, `camera "${id}", which was added, is left out: ${redact(message)}`);
    }
  }

  #put(running: RunningCamera, origin: CameraOrigin): KnownCamera {
    const { settings } = running;
    const camera: KnownCamera = {
      settings,
      origin,
      running: settings.enabled ? running : null,
      status: running.status,
      reconnects: new ReconnectTally(this.#options.clock),
      before: NOTHING_YET,
      changing: Promise.resolve(),
    };
    this.#known.set(settings.id, camera);
    camera.running?.start();
    return camera;
  }

  async #edit(camera: KnownCamera, origin: CameraOrigin & { kind: 'added' }, patch: CameraPatch): Promise<void> {
    const input = changedCamera(origin.input, patch);
    const settings = this.#accept(input);
    const next = this.#successor(camera, settings);
    // Only now does anything change: what is wrong has shown by here, and what runs has not been touched.
    this.#options.store.save(input);
    origin.input = input;
    await this.#goOn(camera, settings, next);
  }

  /** Over the picture of a camera of the settings may be drawn what the settings do not give. */
  async #draw(camera: KnownCamera, configured: CameraSettings, patch: CameraPatch): Promise<void> {
    const { id } = configured;
    const refused = Object.keys(patch).filter(
      (field) => !AREAS.some((area) => area === field && configured[area].length === 0),
    );
    if (refused.length > 0) {
      throw new AppError(
        'CAMERA_CONFIGURED',
        `camera "${id}" stands in the configuration file; change its ${refused.join(', ')} there`,
      );
    }
    const drawn = { ...this.#options.store.drawn().get(id) };
    for (const area of AREAS) if (patch[area] !== undefined) drawn[area] = patch[area] ?? [];
    const { settings } = withDrawnAreas(configured, drawn);
    const next = this.#successor(camera, settings);
    this.#options.store.draw(id, drawn);
    await this.#goOn(camera, settings, next);
  }

  /** What takes the place of the camera that runs; null where the new settings need no other one. */
  #successor(camera: KnownCamera, settings: CameraSettings): RunningCamera | null {
    if (isDeepStrictEqual(whatRuns(camera.settings), whatRuns(settings))) return null;
    return new RunningCamera(settings, this.#surroundings);
  }

  /** Goes on with settings that are found good and are on disk. */
  async #goOn(camera: KnownCamera, settings: CameraSettings, next: RunningCamera | null): Promise<void> {
    camera.settings = settings;
    if (next === null) {
      camera.running?.setZones(settings.zones);
      return;
    }
    await camera.running?.close();
    camera.before = totalsOf(camera);
    camera.running = null;
    const { listener } = this.#surroundings;
    listener.restarted(settings.id);
    if (this.#closing) return;
    if (settings.enabled) {
      camera.running = next;
      camera.status = next.status;
      next.start();
    } else listener.status(next.status);
  }

  /** After what was asked of this camera before, however that went. */
  #inTurn<T>(camera: KnownCamera, work: () => Promise<T>): Promise<T> {
    const done = camera.changing.then(work);
    camera.changing = done.catch(() => undefined);
    return done;
  }

  #refuseTooMany(): void {
    const { limit } = this.#options;
    const cameras = this.#known.size;
    if (limit === null || limit === undefined || cameras < limit) return;
    throw new AppError('CAMERA_LIMIT', `there are ${cameras} cameras, and there may be ${limit}`, {
      details: { cameras, limit },
    });
  }

  #refuseWhenClosing(): void {
    if (this.#closing) throw new AppError('SHUTTING_DOWN', 'facegate is stopping, no camera can be added or changed');
  }

  #find(id: string): KnownCamera {
    const camera = this.#known.get(id);
    if (camera) return camera;
    throw notFound(id);
  }

  #view(camera: KnownCamera): CameraView {
    const { id } = camera.settings;
    return cameraView(camera, this.#options.doorsOf(id), this.#options.clock.monotonicMs());
  }
}

function notFound(id: string): AppError {
  return new AppError('CAMERA_NOT_FOUND', `there is no camera "${id}"`);
}

/** The settings that a running camera cannot take on. */
function whatRuns({ name, zones, ...rest }: CameraSettings) {
  return rest;
}
