import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { Doors } from '../../access/doors.ts';
import { openEventLog } from '../../access/event-log.ts';
import { AppError } from '../../config/app-error.ts';
import { redact } from '../../config/redact.ts';
import type { CameraSettings } from '../../config/settings-schema.ts';
import { type SettingsInput, settingsSchema } from '../../config/settings-schema.ts';
import { openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { openKeyStore } from '../../server/callers/key-store.ts';
import { type CameraPatch, remoteCamera } from '../../server/cameras/remote-camera.ts';
import { createMetrics } from '../../server/metrics.ts';
import { loadSteps } from '../../server/pictures/load-steps.ts';
import type {
  CameraProbe,
  CameraRegistry,
  CameraView,
  EventGate,
  LatestPicture,
  LiveGate,
  PreviewGate,
  ServerParts,
} from '../../server/server-parts.ts';
import { Webhooks } from '../../server/sinks/webhooks.ts';
import { isWanted } from '../../sinks/event-filter.ts';
import { openAuditLog } from '../../storage/audit-log.ts';
import { type FakeAnalyser, fakeAnalyser } from './fake-analyser.ts';
import { noSnapshots } from './no-snapshots.ts';
import { noUnknowns } from './no-unknowns.ts';

/** Everything a server needs, in memory, with what tests look at and turn. */
export interface FakeServerParts extends ServerParts {
  readonly analyser: FakeAnalyser;
  readonly gallery: SubjectGallery;
  readonly cameras: FakeCameras;
  readonly live: LiveGate & { readonly added: Parameters<LiveGate['add']>[] };
  readonly preview: PreviewGate & { readonly added: Parameters<PreviewGate['add']>[] };
  readonly feed: EventGate & { readonly added: Parameters<EventGate['add']>[] };
  readonly events: { list: AccessEvent[] } & ServerParts['events'];
  readonly faultList: string[];
  /** Every line logged, as JSON. */
  readonly logged: string[];
  /** Removes its folder. */
  dispose(): void;
}

export interface FakeCameras extends CameraRegistry {
  readonly asked: CameraSettings[];
  readonly patches: [id: string, patch: CameraPatch][];
  probeAnswer: CameraProbe;
  readonly pictures: Map<string, LatestPicture>;
}

export async function fakeServerParts(
  o: { settings?: SettingsInput; parts?: Partial<ServerParts> } = {},
): Promise<FakeServerParts> {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-server-'));
  const settings = settingsSchema.parse(o.settings ?? {});
  const logged: string[] = [];
  const log: Logger = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });
  const clock = { wallMs: () => 1_790_000_000_000, monotonicMs: () => 1000 };
  const keys = openKeyStore({ file: join(folder, 'keys.db'), configured: settings.keys, clock, log });
  const audit = openAuditLog({ file: join(folder, 'audit.db'), clock });
  const metrics = createMetrics({ version: '1.2.3' });
  const analyser = fakeAnalyser();
  // The real one, of embeddings as `fakeFace` has them.
  const gallery = openGallery({
    file: join(folder, 'gallery.db'),
    model: 'fake',
    width: 4,
    keepImages: true,
    log,
    clock,
  });
  // The real ones; what they say goes to an event log of their own.
  const doorLog = openEventLog({ file: join(folder, 'events.db'), tenant: 'default', clock, log });
  const doors = new Doors({
    settings,
    file: join(folder, 'doors.db'),
    append: (drafts) => doorLog.appendAll(drafts),
    events: doorLog,
    audit,
    clock,
    log,
  });
  const faultList: string[] = [];
  const live: FakeServerParts['live'] = { added: [], add: (...args) => void live.added.push(args) };
  const preview: FakeServerParts['preview'] = { added: [], add: (...args) => void preview.added.push(args) };
  const feed: FakeServerParts['feed'] = { added: [], add: (...args) => void feed.added.push(args) };
  const parts: ServerParts = {
    settings,
    baseDir: folder,
    version: '1.2.3',
    tenant: { id: 'default', name: 'default' },
    clock,
    log,
    analyser,
    compare: { threshold: 0.3, slope: 20, similarity: (cosine) => (cosine + 1) / 2 },
    thresholds: { threshold: 0.3, margin: 0.05 },
    roles: () =>
      (['detector', 'embedder'] as const).map((role) => ({
        role,
        model: `fake-${role}`,
        requested: 'auto',
        provider: 'cpu',
        device: 'cpu',
        isolation: 'shared',
        nodes: { cpu: 40 },
        degraded: false,
        passedOver: [],
        processes: 1,
        restarts: 0,
        insteadOf: null,
      })),
    chosen: 'fake models (for tests)',
    faults: () => faultList,
    gallery,
    async enrol({ subjectId, image, source, kind }) {
      gallery.subject(subjectId);
      const [face] = (await analyser.analyse(image)).faces;
      if (!face) throw new AppError('FACE_NOT_FOUND', 'no face was found');
      const { embedding, quality } = face;
      if (!embedding) throw new AppError('FACE_UNFIT', 'the face is not fit');
      const { id: templateId } = gallery.addTemplate(subjectId, { embedding, quality, source, kind });
      return { templateId, quality, face, note: null };
    },
    unknowns: noUnknowns(),
    events: fakeEvents(),
    doors,
    cameras: fakeCameras(settings.cameras),
    live,
    preview,
    feed,
    snapshots: noSnapshots(),
    sinks: {
      views: () => [],
      webhooks: new Webhooks({
        dataDir: folder,
        tenant: 'default',
        version: '1.2.3',
        clock,
        log,
        fault: () => undefined,
      }),
    },
    metrics,
    keys,
    audit,
    steps: await loadSteps({ modules: [], baseDir: folder }),
    consoleDir: join(folder, 'no-console'),
    ...o.parts,
  };
  return Object.assign(parts as FakeServerParts, {
    logged,
    faultList,
    dispose() {
      metrics.close();
      keys.close();
      audit.close();
      void gallery.close();
      void doors.close();
      void doorLog.close();
      rmSync(folder, { recursive: true });
    },
  });
}

function fakeEvents(): FakeServerParts['events'] {
  const events: FakeServerParts['events'] = {
    list: [],
    page({ since, before, limit, types, doors, cameras, subject }) {
      const { oldestSequence: oldest, lastSequence: latest } = events;
      if (since !== undefined && (since < oldest - 1 || since > latest)) {
        throw new AppError('EVENT_CURSOR_GONE', 'no longer kept', { details: { oldest, latest } });
      }
      const wanted = events.list.filter(
        (event) =>
          isWanted(event, { types, doors }) &&
          (cameras?.includes(event.camera ?? '') ?? true) &&
          (subject === undefined || [event.subject?.id, event.subject?.name].includes(subject)) &&
          event.sequence > (since ?? 0) &&
          event.sequence < (before ?? latest + 1),
      );
      const found = since === undefined ? wanted.slice(-limit) : wanted.slice(0, limit);
      const end = since === undefined ? oldest : latest;
      const edge = since === undefined ? found[0]?.sequence : found.at(-1)?.sequence;
      const next = found.length < limit ? end : (edge ?? end);
      return { events: found, next, more: next !== end };
    },
    get lastSequence() {
      return events.list.at(-1)?.sequence ?? 0;
    },
    get oldestSequence() {
      return events.list[0]?.sequence ?? 0;
    },
  };
  return events;
}

function fakeCameras(configured: readonly CameraSettings[]): FakeCameras {
  const views = new Map<string, CameraView>();
  const get = (id: string) => {
    const found = views.get(id);
    if (!found) throw new AppError('CAMERA_NOT_FOUND', `there is no camera "${id}"`);
    return found;
  };
  const put = (settings: CameraSettings, origin: CameraView['origin']): CameraView => {
    const { id, name, fps, width, transport, hwaccel, enabled, zones, masks } = settings;
    const view: CameraView = {
      id,
      name: name ?? id,
      url: 'rtsp://***@camera/',
      origin,
      conflict: null,
      enabled,
      state: 'running',
      code: null,
      message: null,
      since: '2026-11-21T09:00:00.000Z',
      connections: 1,
      reconnects: { lastHour: 0, total: 0 },
      retryAt: null,
      streamInUse: null,
      stream: null,
      fps: { configured: fps, effective: fps, why: null, decoded: null, received: 0, analysed: 0 },
      width: null,
      height: null,
      ageMs: null,
      dropped: { busy: 0, thinned: 0, unchanged: 0, pool: 0, fault: 0 },
      decodeErrors: 0,
      timings: null,
      doors: [],
      zones,
      masks,
      settings: {
        fps,
        width,
        transport,
        hwaccel,
        failover: settings.failover.map(redact),
        timeoutMs: settings.timeout,
        deviceFps: settings.deviceFps ?? null,
        deviceSize: settings.deviceSize ?? null,
        verifyTls: settings.tls.verify,
      },
    };
    views.set(id, view);
    return view;
  };
  for (const camera of configured) put(camera, 'config');
  const fake: FakeCameras = {
    asked: [],
    patches: [],
    probeAnswer: { ok: false, code: 'STREAM_TIMEOUT', message: 'the camera stayed silent' },
    pictures: new Map(),
    list: () => [...views.values()],
    get,
    add(input) {
      const camera = remoteCamera(input);
      fake.asked.push(camera);
      if (views.has(camera.id)) throw new AppError('CAMERA_EXISTS', `a camera "${camera.id}" is there already`);
      return put(camera, 'added');
    },
    async change(id, patch) {
      get(id);
      fake.patches.push([id, patch]);
      return Object.assign(views.get(id) as CameraView, patch.name && { name: patch.name });
    },
    async remove(id) {
      if (get(id).origin === 'config') throw new AppError('CAMERA_CONFIGURED', `camera "${id}" is of the settings`);
      views.delete(id);
    },
    async probe(camera) {
      fake.asked.push(camera);
      return fake.probeAnswer;
    },
    async look(id) {
      get(id);
      return fake.probeAnswer;
    },
    latestResult: (id) => fake.pictures.get(get(id).id) ?? null,
  };
  return fake;
}
