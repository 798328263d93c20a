import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger as PinoLogger } from 'pino';
import { Subject } from 'rxjs';
import { createAppearances } from '../access/appearances.ts';
import { Cooldown } from '../access/cooldown.ts';
import { Doors } from '../access/doors.ts';
import { openEventLog } from '../access/event-log.ts';
import { watchEventRetention } from '../access/event-retention.ts';
import { AppError } from '../config/app-error.ts';
import { codeCache, codeCacheFolder } from '../config/code-cache.ts';
import type { ErrorCode } from '../config/error-codes.ts';
import { galleryPlace } from '../config/gallery-place.ts';
import type { Settings } from '../config/settings-schema.ts';
import { enrolFromImage } from '../gallery/enrol-from-image.ts';
import { enrolmentMinimum } from '../gallery/enrolment-minimum.ts';
import { openGallery, type SubjectGallery } from '../gallery/subject-gallery.ts';
import { similarityOf } from '../models/calibration.ts';
import { embeddingSpace } from '../models/embedding-space.ts';
import { openAnalyser } from '../models/open-analyser.ts';
import { previousSpace } from '../models/previous-space.ts';
import type { RoleReport } from '../models/processes/role-report.ts';
import { type AccessEvent, DEFAULT_TENANT, type EventDraft } from '../pipeline/access-event.ts';
import type { AuditTrail } from '../pipeline/audit.ts';
import type { CameraStatus } from '../pipeline/camera-status.ts';
import type { FrameResult } from '../pipeline/frame-result.ts';
import type { FrameTracer } from '../pipeline/frame-trace.ts';
import type { RecognitionThresholds } from '../pipeline/identify.ts';
import { faultEvent, plainEvent } from '../pipeline/plain-event.ts';
import type { Clock, FaceAnalyser } from '../pipeline/ports.ts';
import { EventFeed } from '../sinks/event-feed.ts';
import { LiveViewers } from '../sinks/live-viewers.ts';
import { Previews } from '../sinks/previews.ts';
import { findFfmpeg } from '../sources/ffmpeg/ffmpeg-binary.ts';
import { openAuditLog } from '../storage/audit-log.ts';
import { finishRestore } from '../storage/finish-restore.ts';
import { NO_LIMITS, noteFolderLimits } from '../storage/folder-limits.ts';
import { lockFolder } from '../storage/folder-lock.ts';
import { FolderRoom } from '../storage/folder-room.ts';
import { noteRules } from './audit/note-rules.ts';
import { buildServer } from './build-server.ts';
import type { BehindGateway } from './callers/behind-gateway.ts';
import { openKeyStore } from './callers/key-store.ts';
import { isLoopbackHost } from './callers/loopback.ts';
import { Cameras } from './camera-registry.ts';
import { CameraStore } from './cameras/camera-store.ts';
import { confirmationFps } from './cameras/confirmation-fps.ts';
import { FairRates } from './cameras/fair-rates.ts';
import { remoteCamera } from './cameras/remote-camera.ts';
import type { CameraListener } from './cameras/running-camera.ts';
import { Turns } from './cameras/turns.ts';
import { watchRetention } from './gallery-retention.ts';
import { HotSettings } from './hot-settings.ts';
import { listen } from './listen.ts';
import { listenOnSocket } from './listen-on-socket.ts';
import { createMetrics } from './metrics.ts';
import { openEventSinks } from './open-event-sinks.ts';
import { facePicture } from './pictures/face-picture.ts';
import { loadSteps } from './pictures/load-steps.ts';
import { openSnapshots } from './snapshots/open-snapshots.ts';
import { UnknownPeople } from './unknowns/unknown-people.ts';
import { watchGpus } from './watch-gpus.ts';
import { watchRoom } from './watch-room.ts';

/** A known person counts as gone after this long without a match. */
const LEFT_AFTER_MS = 5000;
/** How often it is looked whether somebody left. */
const EXPIRE_EVERY_MS = 500;
/** A fault that a camera has again and again is an event this often. */
const FAULT_AGAIN_MS = 60_000;
/** Of what the event log takes, while the data folder takes all that it may. */
const LOG_KEPT = 0.9;
const FULL = 'the data folder takes all that it may: nothing is enrolled, no picture kept, the oldest events go early';
/** An event log that could not be written is tried so often, also while nothing happens. */
const TRY_LOG_AGAIN_MS = 5000;

/** How much a tenant may have at most; null: as much as it likes. */
export interface TenantLimits {
  readonly cameras: number | null;
  readonly subjects: number | null;
  /** What its data folder takes. */
  readonly diskBytes: number | null;
}

const NO_TENANT_LIMITS: TenantLimits = { cameras: null, ...NO_LIMITS };

export interface TenantOptions {
  settings: Settings;
  /** What relative paths of the settings are relative to. */
  baseDir: string;
  /** Gallery, events and keys. */
  dataDir: string;
  /** Its id in events, metrics and logs. Default: `default`. */
  tenant?: string | undefined;
  /** Its name for people. Default: the id. */
  tenantName?: string | undefined;
  /**
   * Set where people reach it through a gateway: it listens on that Unix socket only. `settings.server.host` is the gateway's
   * then, and says whether a key is needed.
   */
  behind?: BehindGateway | undefined;
  /** How much it may have at most. Default: as much as it likes. */
  limits?: TenantLimits | undefined;
  modelsDir: string;
  /** Folders or URLs with model files. */
  mirrors: readonly string[];
  /** A folder that is looked into right after `modelsDir`, absolute. Default: none. */
  modelsFolder?: string | null;
  /** Allow the starter models. */
  starter: boolean;
  /** `FACEGATE_GALLERY_KEY`: base64 of 32 bytes, instead of the gallery's key file. */
  galleryKey?: string | undefined;
  ffmpegPath?: string | undefined;
  pathVariable: string | undefined;
  /** All that the ffmpegs see of the environment. Default: the PATH. */
  ffmpegEnvironment?: Readonly<Record<string, string>>;
  /** All that the inference processes see of the environment. Default: nothing. */
  inferenceEnvironment?: Readonly<Record<string, string>>;
  consoleDir: string;
  version: string;
  clock: Clock;
  log: PinoLogger;
  /** Follows frames on their way. Default: nobody does. */
  tracer?: FrameTracer | undefined;
  onProgress?: (model: string, done: number, total: number | null) => void;
}

export interface Tenant extends AsyncDisposable {
  readonly analyser: FaceAnalyser;
  readonly gallery: SubjectGallery;
  readonly thresholds: RecognitionThresholds;
  /** It runs on starter models, which recognise less well. */
  readonly starter: boolean;
  /** What runs which network. */
  roles(): readonly RoleReport[];
  /** prom-client's getMetricsAsJSON(). */
  metrics(): Promise<unknown[]>;
  /**
   * Listens and starts the cameras. `address` is the prefix where there is a gateway. `adminKey` is set when one had to be made,
   * and can be read this once.
   */
  start(): Promise<{ address: string; adminKey: string | null }>;
  /** What of the settings may change while it runs: the doors and their schedules. */
  readonly hotSettings: Pick<HotSettings, 'apply' | 'refuse' | 'restartNeeded'>;
  /** Idempotent; resolves when every child process is gone and everything is on disk. */
  close(): Promise<void>;
}

/**
 * The composition root: opens every room of one tenant and wires them. Nothing listens and no camera runs before
 * `start()`. Whatever was opened is closed again when a later room fails to open; the order is that of
 * docs/architecture.md, read backwards.
 */
export async function openTenant(options: TenantOptions): Promise<Tenant> {
  const { settings, dataDir, clock, log, behind, tenant = DEFAULT_TENANT } = options;
  const limits = options.limits ?? NO_TENANT_LIMITS;
  refuseTooMany(settings.cameras.length, limits.cameras);
  await using opened = new AsyncDisposableStack();
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = lockFolder(dataDir);
  opened.defer(() => lock.release());
  finishRestore(dataDir);
  noteFolderLimits(dataDir, limits);
  const room = new FolderRoom({
    dataDir,
    without: [options.modelsDir, codeCacheFolder(dataDir)],
    limitBytes: limits.diskBytes,
  });

  const metrics = createMetrics({ version: options.version, tenant });
  opened.defer(() => metrics.close());
  const events = openEventLog({
    file: join(dataDir, 'events.db'),
    tenant,
    keep: settings.events.keep,
    clock,
    log,
  });
  opened.defer(() => events.close());
  opened.defer(watchEventRetention({ events, clock, log }));
  const keys = openKeyStore({ file: join(dataDir, 'keys.db'), configured: settings.keys, clock, log });
  opened.defer(() => keys.close());
  const audit = openAuditLog({ file: join(dataDir, 'audit.db'), clock });
  opened.defer(() => audit.close());
  if (!audit.isWhole) {
    log.error({}, 'the audit log is not whole: "facegate audit verify" says what is missing');
  }
  const cameraStore = new CameraStore({ dataDir, clock });
  opened.defer(() => cameraStore.close());
  const ffmpeg = await findFfmpeg({
    ...(options.ffmpegPath !== undefined && { configured: options.ffmpegPath }),
    pathVariable: options.pathVariable,
    ...(options.ffmpegEnvironment && { environment: options.ffmpegEnvironment }),
  });
  const { analyser, embedder, previous, why, starter } = await openAnalyser({
    models: settings.models,
    oodThreshold: settings.recognition.oodThreshold,
    dir: options.modelsDir,
    mirrors: options.mirrors,
    modelsFolder: options.modelsFolder ?? null,
    starter: options.starter,
    environment: { ...options.inferenceEnvironment, ...codeCache(dataDir) },
    clock,
    log,
    ...(options.onProgress && { onProgress: options.onProgress }),
  });
  opened.use(analyser);
  log.info({ ffmpeg: `${ffmpeg.version} (${ffmpeg.origin})` }, `models: ${why}`);
  const gallery = openGallery({
    ...galleryPlace({ settings, dataDir, baseDir: options.baseDir, key: options.galleryKey }),
    ...embeddingSpace(embedder),
    previous: previous && previousSpace(embedder, previous),
    limits: { subjects: limits.subjects, room: room.check },
    log,
    clock,
  });
  opened.defer(() => gallery.close());

  const thresholds = {
    threshold: settings.recognition.threshold ?? embedder.calibration.threshold,
    margin: settings.recognition.margin ?? embedder.calibration.margin,
  };
  noteRules(audit, {
    threshold: thresholds.threshold,
    margin: thresholds.margin,
    embedder: embedder.name,
    oodThreshold: settings.recognition.oodThreshold,
    doors: settings.doors,
    schedules: settings.schedules,
  });
  const unknowns = opened.use(
    new UnknownPeople({
      gallery,
      model: embedder.name,
      width: embedder.embedding.width,
      thresholds,
      keepMs: settings.gallery.unknowns.keep,
      keepImages: settings.gallery.keepImages,
      file: join(dataDir, 'unknowns.db'),
      onDisk: settings.gallery.unknowns.onDisk,
      isFull: () => room.isFull,
      clock,
      log,
    }),
  );
  const { retention } = settings.gallery;
  if (retention) opened.defer(watchRetention({ retention, gallery, audit, clock, log }));
  const steps = await loadSteps({ modules: settings.steps, baseDir: options.baseDir });
  const live = opened.use(new LiveViewers({ clock, log }));
  // The first to hear of events: they are on disk then, and nobody has been told.
  let durableAtMs: number | null = null;
  events.events.subscribe(() => {
    durableAtMs ??= clock.monotonicMs();
  });
  const feed = opened.use(new EventFeed({ log: events, clock }));
  const append = (drafts: readonly EventDraft[]) => {
    const appended = events.appendAll(drafts);
    for (const event of appended) metrics.event(event);
    return appended;
  };
  let lost: { readonly sinceMs: number } | null = null;
  const record = (drafts: readonly EventDraft[]): readonly AccessEvent[] => {
    const isDue = lost !== null && clock.monotonicMs() - lost.sinceMs >= TRY_LOG_AGAIN_MS;
    if (drafts.length === 0 && !isDue) return [];
    try {
      const fault = lost === null ? [] : [faultEvent('EVENT_LOG_UNAVAILABLE', null, clock.wallMs())];
      const appended = append([...fault, ...drafts]);
      lost = null;
      return appended;
    } catch (error) {
      // Nobody hears of what is not on disk: a door stays shut.
      lost = { sinceMs: clock.monotonicMs() };
      log.error({ code: AppError.from(error).code }, `events are lost: ${AppError.from(error).message}`);
      return [];
    }
  };
  const snapshots = opened.use(
    await openSnapshots({
      settings: settings.events.snapshots,
      dir: join(dataDir, 'snapshots'),
      gallery,
      events,
      audit,
      clock,
      log,
    }),
  );

  opened.defer(
    await watchRoom({
      room,
      changed: (isFull) => {
        log.warn(
          { bytes: room.bytes, limitBytes: limits.diskBytes },
          isFull ? FULL : 'there is room in the data folder again',
        );
        // What it gives up makes room inside its file for what comes.
        events.holdTo(isFull ? Math.floor(events.bytes * LOG_KEPT) : null);
        if (isFull) record([faultEvent('DISK_LIMIT', null, clock.wallMs())]);
      },
      log,
    }),
  );

  const doors = opened.use(new Doors({ settings, file: join(dataDir, 'doors.db'), append, events, audit, clock, log }));
  const cameraChanges = new Subject<void>();
  const sinks = opened.use(
    await openEventSinks({
      settings: settings.sinks,
      events,
      fault: (code) => record([faultEvent(code, null, clock.wallMs())]),
      dataDir,
      tenant,
      version: options.version,
      cameras: { views: () => cameras.list(), changes: cameraChanges },
      doors,
      clock,
      log,
    }),
  );
  const appearances = new Map<string, ReturnType<typeof createAppearances>>();
  const appearancesOf = (cameraId: string) => {
    let found = appearances.get(cameraId);
    if (!found) {
      found = createAppearances(cameraId, { clock, leftAfterMs: LEFT_AFTER_MS });
      appearances.set(cameraId, found);
    }
    return found;
  };
  const decide = (result: FrameResult) => {
    const { frame } = result;
    const said = appearancesOf(frame.cameraId).note(result);
    said.push(...doors.decide(result));
    const decidedMs = clock.monotonicMs();
    // A full folder gets no more pictures, and events say of none.
    const drafts = room.isFull ? said : snapshots.marked(frame, said);
    durableAtMs = null;
    // The picture last: who waits at a door has been told by then.
    snapshots.take(frame, drafts, record(drafts));
    return { decidedMs, durableMs: durableAtMs as number | null };
  };

  const faultsTold = new Cooldown(FAULT_AGAIN_MS);
  // What fails with every picture would push the doors' own events out of the log.
  const tellFault = (code: ErrorCode, camera: string | null) => {
    // Of the networks, which all cameras share, it is one and the same, whoever met it first.
    const fault = code.startsWith('INFERENCE_') ? code : `${camera}/${code}`;
    if (faultsTold.isRunning(fault, clock.monotonicMs())) return;
    faultsTold.start(fault, clock.monotonicMs());
    record([faultEvent(code, camera, clock.wallMs())]);
  };
  const listener: CameraListener = {
    received: (camera) => metrics.frameReceived(camera),
    dropped: (camera, reason) => metrics.frameDropped(camera, reason),
    analysing: (frame) => live.expect(frame),
    result: (result) => {
      const { trace } = result.frame;
      const fromMs = clock.monotonicMs();
      // Doors first: a picture for people may wait, a decision may not.
      const { decidedMs, durableMs } = decide(result);
      const toldMs = durableMs === null ? decidedMs : clock.monotonicMs();
      trace?.span('decide', fromMs, decidedMs);
      if (durableMs !== null) {
        trace?.span('record', decidedMs, durableMs);
        trace?.span('tell', durableMs, toldMs);
      }
      for (const { subject } of result.faces) if (subject) gallery.seen(subject.id, clock.wallMs());
      unknowns.push(result);
      trace?.span('decide', toldMs, clock.monotonicMs());
      live.push(result);
      metrics.frameAnalysed(result);
    },
    status: (status) => {
      metrics.cameraState(status);
      const draft = cameraEvent(status, clock);
      if (draft) record([draft]);
      cameraChanges.next();
    },
    fault: (error, camera) => {
      metrics.frameDropped(camera, 'fault');
      tellFault(error.code, camera);
    },
    streamChanged: (camera, { codec, width, height }) => {
      const reason = `${codec} ${width}x${height}`;
      record([plainEvent({ type: 'camera.changed', camera, reason, decidedAtMs: clock.wallMs() })]);
      // An encoder keeps its size.
      previews.restarted(camera);
    },
    restarted: (camera) => {
      live.forget(camera);
      previews.restarted(camera);
    },
    // Its appearances stay until the people in them count as gone.
    removed: (camera) => {
      live.forget(camera);
      previews.removed(camera);
      metrics.cameraRemoved(camera);
      cameraChanges.next();
    },
  };
  const rates = opened.use(
    new FairRates({
      ...settings.analysis,
      leastFps: () => {
        const views = doors.views();
        return (camera) => confirmationFps(views, camera);
      },
      clock,
      log,
    }),
  );
  const cameras = opened.use(
    new Cameras({
      rates,
      turns: new Turns(),
      motionGate: { enabled: settings.analysis.motionGate, lookEveryMs: settings.analysis.lookEvery },
      tracer: options.tracer,
      ffmpeg,
      baseDir: options.baseDir,
      analyser,
      gallery,
      ...thresholds,
      doorsOf: (camera) => doors.idsOf(camera),
      latestPicture: (camera) => live.latest(camera),
      store: cameraStore,
      limit: limits.cameras,
      accept: (camera) => remoteCamera(camera, { machineIsShared: behind !== undefined }),
      listener,
      clock,
      log,
    }),
  );
  const previews = opened.use(
    new Previews({
      ffmpegPath: ffmpeg.path,
      environment: ffmpeg.environment,
      feed: (camera) => cameras.previewFeed(camera),
      clock,
      log,
    }),
  );
  const expire = setInterval(() => {
    for (const each of appearances.values()) record(each.expire());
    doors.tick();
    record([]);
  }, EXPIRE_EVERY_MS);
  opened.defer(() => clearInterval(expire));
  const poolFaults = analyser.changes.subscribe(({ code }) => {
    if (code) tellFault(code, null);
  });
  opened.defer(() => poolFaults.unsubscribe());
  const gpus = watchGpus({
    roles: () => analyser.roles(),
    environment: options.inferenceEnvironment ?? {},
    fault: (code) => record([faultEvent(code, null, clock.wallMs())]),
    log,
  });
  if (gpus) opened.use(gpus);
  metrics.watch({
    inference: () => {
      const { processes, restarts, waiting, outOfMemory, lightened } = analyser.stats();
      return { processes, restarts, queued: waiting, outOfMemory, lightened };
    },
    live: () => live.stats(),
    preview: () => previews.stats(),
    feed: () => feed.stats(),
    doors: () => doors.views(),
    sinks: () => sinks.views(),
    gallery: () => gallery.size,
    room: () => room,
    eventLog: () => {
      const { lastSequence, oldestSequence, bytes } = events;
      return { events: lastSequence - oldestSequence + 1, bytes, lastSequence };
    },
    cameras: () => cameras.readings(),
    roles: () => analyser.roles(),
    gpus: () => gpus?.readings() ?? [],
  });

  const server: FastifyInstance = await buildServer({
    settings,
    baseDir: options.baseDir,
    version: options.version,
    tenant: { id: tenant, name: options.tenantName ?? tenant },
    behind,
    clock,
    log,
    analyser,
    compare: {
      threshold: thresholds.threshold,
      slope: embedder.calibration.similaritySlope,
      similarity: (cosine) => similarityOf(embedder, cosine),
    },
    thresholds,
    roles: () => analyser.roles(),
    chosen: why,
    faults: () => idleRoles(analyser.roles()),
    gallery,
    enrol: async (request) => {
      const enrolled = await enrolFromImage({
        ...request,
        ...thresholds,
        gallery,
        analyser,
        required: enrolmentMinimum(settings),
        ...(settings.gallery.keepImages && { picture: facePicture }),
      });
      const { embedding } = enrolled.face;
      if (embedding && request.kind !== 'negative') unknowns.enrolled(embedding);
      return enrolled;
    },
    unknowns,
    events,
    doors,
    cameras,
    live,
    preview: previews,
    feed,
    snapshots,
    sinks,
    metrics,
    keys,
    audit,
    steps,
    consoleDir: options.consoleDir,
  });
  opened.defer(() => server.close());

  const rooms = opened.move();
  let closing: Promise<void> | null = null;
  const close = () => {
    closing ??= rooms.disposeAsync();
    return closing;
  };
  return {
    analyser,
    gallery,
    thresholds,
    starter,
    roles: () => analyser.roles(),
    metrics: () => metrics.json(),
    hotSettings: new HotSettings({ settings, doors, audit, record, clock, log }),
    async start() {
      const { host, port } = settings.server;
      const tls = settings.server.tls !== undefined;
      if (behind) await listenOnSocket(server, behind.socketPath);
      const address = behind ? behind.prefix : (await listen(server, { host, port, tls })).url;
      sinks.start();
      cameras.start(settings.cameras);
      // Last: made before something that fails, it would be in the database and seen by nobody. Until now the server,
      // having no key, answered its own machine only.
      if (isLoopbackHost(host) || !keys.isEmpty) return { address, adminKey: null };
      const { id, key: adminKey } = keys.createAdminKey();
      noteAdminKey(id, audit, log);
      return { address, adminKey };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function refuseTooMany(cameras: number, limit: number | null): void {
  if (limit === null || cameras <= limit) return;
  throw new AppError('CONFIG_INVALID', `cameras: there are ${cameras}, and there may be ${limit} (limits.cameras)`);
}

/** A log that cannot be written must not keep the only key from whoever started this. */
function noteAdminKey(id: string, audit: AuditTrail, log: PinoLogger): void {
  try {
    const details = { id, name: 'admin', reason: 'there was no key at the start' };
    audit.record({ action: 'key.created', by: 'facegate', subject: null, details });
  } catch (error) {
    const { code, message } = AppError.from(error);
    log.error({ code }, `the admin key is not in the audit log: ${message}`);
  }
}

/** One line for each network that no process holds now; one for all where none holds any. */
function idleRoles(roles: readonly RoleReport[]): string[] {
  const idle = roles.filter(({ processes }) => processes === 0);
  if (idle.length === roles.length) return ['no inference process is running'];
  return idle.map(({ role, model }) => `no inference process with the ${role} ${model} is running`);
}

function cameraEvent({ cameraId, state, code }: CameraStatus, clock: Clock): EventDraft | null {
  if (state === 'idle') return null;
  return plainEvent({ type: `camera.${state}`, camera: cameraId, reason: code, decidedAtMs: clock.wallMs() });
}
