import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type AccessEvent, DEFAULT_TENANT } from '../pipeline/access-event.ts';
import type { CameraState, CameraStatus } from '../pipeline/camera-status.ts';
import type { FrameResult } from '../pipeline/frame-result.ts';
import { type CameraReading, cameraMetrics } from './cameras/camera-metrics.ts';
import { type DoorReading, doorMetrics } from './door-metrics.ts';
import { type GpuSample, gpuMetrics } from './gpu-metrics.ts';
import { type SinkReading, sinkMetrics } from './sinks/sink-metrics.ts';

const CAMERA_STATES: readonly CameraState[] = [
  'idle',
  'connecting',
  'running',
  'stalled',
  'frozen',
  'reconnecting',
  'closed',
  'failed',
];
const FACE_STATUSES = ['known', 'unknown', 'unfit'] as const;
const STAGES = ['queue', 'detect', 'embed', 'identify', 'total'] as const;
const STAGE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** Milliseconds between two looks at the event loop. */
const LOOP_RESOLUTION_MS = 5;

/** Numbers that others keep; asked for whenever somebody reads the metrics. Totals never go down. */
export interface MetricSources {
  inference?: () => { processes: number; restarts: number; queued: number; outOfMemory: number; lightened: number };
  /** `dropped`: messages that a slow viewer did not get. */
  live?: () => { viewers: number; dropped: number };
  /** `dropped`: messages that a slow viewer did not get. `running`: encoders. */
  preview?: () => { viewers: number; running: number; dropped: number };
  feed?: () => { clients: number };
  /** How long the event log is: events and bytes that it keeps, and the newest one's number. */
  eventLog?: () => { events: number; bytes: number; lastSequence: number };
  doors?: () => readonly DoorReading[];
  sinks?: () => readonly SinkReading[];
  gallery?: () => { subjects: number; templates: number };
  /** What the data folder takes, and may take; null where that is not known, or not limited. */
  room?: () => { bytes: number | null; limitBytes: number | null };
  cameras?: () => readonly CameraReading[];
  gpus?: () => readonly GpuSample[];
  /** For each network, whether it runs elsewhere than asked. */
  roles?: () => readonly {
    role: string;
    model: string;
    provider: string;
    device: string;
    degraded: boolean;
    /** Convolutions and matrix products by provider. */
    nodes: Readonly<Record<string, number>>;
  }[];
}

/** What facegate counts, in Prometheus' words. No label ever holds a person's name. */
export interface Metrics {
  /** The source emitted a frame. */
  frameReceived(camera: string): void;
  /** A frame that was not analysed: `busy`, `fault`, … */
  frameDropped(camera: string, reason: string): void;
  frameAnalysed(result: FrameResult): void;
  /** Each change of a camera's status, also the first. */
  cameraState(status: CameraStatus): void;
  /** Forgets the camera's series. */
  cameraRemoved(camera: string): void;
  event(event: Pick<AccessEvent, 'type'>): void;
  /** @param route the route's pattern, never the address itself. */
  httpRequest(o: { method: string; route: string; status: number; seconds: number }): void;
  /** Adds sources to those asked at each reading. */
  watch(sources: MetricSources): void;
  /** The 99th percentile of the event loop's delay since the metrics were last read, milliseconds. */
  eventLoopDelayP99Ms(): number;
  readonly contentType: string;
  /** The Prometheus text format. */
  text(): Promise<string>;
  /** The same as prom-client gives it to other processes, for AggregatorRegistry.aggregate. */
  json(): Promise<unknown[]>;
  /** Stops looking at the event loop. Idempotent. */
  close(): void;
}

/** Metrics with a registry of their own, so that two servers in one process do not mix. Every series has the label `tenant`. */
export function createMetrics(o: { version: string; tenant?: string | undefined }): Metrics {
  const registers = [new Registry()];
  const register = registers[0] as Registry;
  register.setDefaultLabels({ tenant: o.tenant ?? DEFAULT_TENANT });
  const sources: MetricSources = {};
  collectDefaultMetrics({ register });

  const loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loopDelay.enable();
  // The histogram holds the time between two looks; what is more than the resolution is delay.
  const delayMs = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - LOOP_RESOLUTION_MS);

  new Gauge({
    name: 'facegate_info',
    help: 'Always 1; the version is a label.',
    labelNames: ['version'],
    registers,
  }).set({ version: o.version }, 1);
  const received = new Counter({
    name: 'facegate_frames_received_total',
    help: 'Frames that a camera delivered, after throttling.',
    labelNames: ['camera'],
    registers,
  });
  const analysed = new Counter({
    name: 'facegate_frames_analysed_total',
    help: 'Frames that went through the networks.',
    labelNames: ['camera'],
    registers,
  });
  const dropped = new Counter({
    name: 'facegate_frames_dropped_total',
    help: 'Frames that were not analysed, by reason.',
    labelNames: ['camera', 'reason'],
    registers,
    collect() {
      // No buffer was free: the source counts those, before anybody hears of a frame.
      for (const { camera, droppedPool } of sources.cameras?.() ?? []) {
        const known = seenOf(camera);
        if (droppedPool > known.droppedPool) this.inc({ camera, reason: 'pool' }, droppedPool - known.droppedPool);
        if (droppedPool > 0) known.reasons.add('pool');
        known.droppedPool = droppedPool;
      }
    },
  });
  const faces = new Counter({
    name: 'facegate_faces_total',
    help: 'Faces in analysed frames: known, unknown or unfit.',
    labelNames: ['camera', 'status'],
    registers,
  });
  const stage = new Histogram({
    name: 'facegate_stage_seconds',
    help: 'Time of a frame in each stage; total is from arrival to result.',
    labelNames: ['stage'],
    buckets: STAGE_BUCKETS,
    registers,
  });
  const age = new Histogram({
    name: 'facegate_frame_age_seconds',
    help: 'How old the picture was when its result was ready.',
    labelNames: ['camera'],
    buckets: STAGE_BUCKETS,
    registers,
  });
  const state = new Gauge({
    name: 'facegate_camera_state',
    help: '1 for the state that the camera is in, 0 for the others.',
    labelNames: ['camera', 'state'],
    registers,
  });
  const connections = new Counter({
    name: 'facegate_camera_connections_total',
    help: 'Connections opened to the camera.',
    labelNames: ['camera'],
    registers,
  });
  const reconnects = new Counter({
    name: 'facegate_camera_reconnects_total',
    help: 'Times that the camera was lost and is tried again, by error code.',
    labelNames: ['camera', 'code'],
    registers,
  });
  const events = new Counter({
    name: 'facegate_events_total',
    help: 'Events appended to the log, by type.',
    labelNames: ['type'],
    registers,
  });
  const http = new Histogram({
    name: 'facegate_http_request_seconds',
    help: 'HTTP requests by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: STAGE_BUCKETS,
    registers,
  });

  const gauge = (name: string, help: string, value: () => number | undefined) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const now = value();
        if (now !== undefined) this.set(now);
      },
    });
  const total = (name: string, help: string, value: () => number | undefined) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        const now = value();
        if (now === undefined) return;
        this.reset();
        this.inc(now);
      },
    });

  gauge('facegate_inference_processes', 'Inference processes that run.', () => sources.inference?.().processes);
  gauge('facegate_inference_queue', 'Requests and frames that wait for a network.', () => sources.inference?.().queued);
  total(
    'facegate_inference_restarts_total',
    'Inference processes that were replaced.',
    () => sources.inference?.().restarts,
  );
  total(
    'facegate_inference_out_of_memory_total',
    'Inference processes that ran out of memory, or took more than they may.',
    () => sources.inference?.().outOfMemory,
  );
  total(
    'facegate_inference_lightened_total',
    'Times that a lighter detector was taken after running out of memory again and again.',
    () => sources.inference?.().lightened,
  );
  gauge('facegate_live_viewers', 'Open live sockets.', () => sources.live?.().viewers);
  total(
    'facegate_live_messages_dropped_total',
    'Live messages that a slow viewer did not get.',
    () => sources.live?.().dropped,
  );
  gauge('facegate_preview_viewers', 'Open sockets of smooth previews.', () => sources.preview?.().viewers);
  gauge('facegate_preview_encoders', 'Processes that make smooth previews.', () => sources.preview?.().running);
  total(
    'facegate_preview_messages_dropped_total',
    'Pieces of a smooth preview that a slow viewer did not get.',
    () => sources.preview?.().dropped,
  );
  gauge('facegate_event_clients', 'Open event sockets.', () => sources.feed?.().clients);
  gauge('facegate_event_log_events', 'Events that the log keeps.', () => sources.eventLog?.().events);
  gauge('facegate_event_log_bytes', 'Room that the events take inside the log.', () => sources.eventLog?.().bytes);
  gauge('facegate_event_log_sequence', 'Number of the newest event.', () => sources.eventLog?.().lastSequence);
  gauge('facegate_gallery_subjects', 'Subjects in the gallery.', () => sources.gallery?.().subjects);
  gauge('facegate_gallery_templates', 'Enrolled faces in the gallery.', () => sources.gallery?.().templates);
  gauge('facegate_data_bytes', 'What the data folder takes on the disk.', () => sources.room?.().bytes ?? undefined);
  gauge('facegate_data_limit_bytes', 'What the data folder may take.', () => sources.room?.().limitBytes ?? undefined);
  cameraMetrics(registers, () => sources.cameras?.() ?? []);
  doorMetrics(registers, () => sources.doors?.() ?? []);
  gpuMetrics(registers, () => sources.gpus?.() ?? []);
  sinkMetrics(registers, () => sources.sinks?.() ?? []);
  new Gauge({
    name: 'facegate_network_info',
    help: 'Always 1; what runs the network is in the labels.',
    labelNames: ['role', 'model', 'provider', 'device'],
    registers,
    collect() {
      this.reset();
      for (const { role, model, provider, device } of sources.roles?.() ?? []) {
        this.set({ role, model, provider, device }, 1);
      }
    },
  });
  new Gauge({
    name: 'facegate_network_degraded',
    help: '1 where a network runs on another execution provider than asked for.',
    labelNames: ['role', 'model', 'provider'],
    registers,
    collect() {
      this.reset();
      for (const { role, model, provider, degraded } of sources.roles?.() ?? []) {
        this.set({ role, model, provider }, degraded ? 1 : 0);
      }
    },
  });
  new Gauge({
    name: 'facegate_network_nodes',
    help: 'Convolutions and matrix products of a network by the execution provider that ran them in the warm-up.',
    labelNames: ['role', 'model', 'provider'],
    registers,
    collect() {
      this.reset();
      for (const { role, model, nodes } of sources.roles?.() ?? []) {
        for (const [provider, count] of Object.entries(nodes)) this.set({ role, model, provider }, count);
      }
    },
  });
  new Gauge({
    name: 'facegate_event_loop_delay_seconds',
    help: "Delay of the main process' event loop since the metrics were last read.",
    labelNames: ['quantile'],
    registers,
    collect() {
      for (const quantile of [50, 99]) {
        this.set({ quantile: String(quantile / 100) }, delayMs(loopDelay.percentile(quantile)) / 1000);
      }
      this.set({ quantile: '1' }, delayMs(loopDelay.max) / 1000);
      loopDelay.reset();
    },
  });

  /** What was seen of each camera: prom-client removes exact label sets only. */
  const seen = new Map<
    string,
    { connections: number; droppedPool: number; reasons: Set<string>; codes: Set<string> }
  >();
  const seenOf = (camera: string) => {
    let found = seen.get(camera);
    if (!found) {
      found = { connections: 0, droppedPool: 0, reasons: new Set(), codes: new Set() };
      seen.set(camera, found);
    }
    return found;
  };

  return {
    frameReceived: (camera) => received.inc({ camera }),
    frameDropped(camera, reason) {
      seenOf(camera).reasons.add(reason);
      dropped.inc({ camera, reason });
    },
    frameAnalysed({ frame, faces: found, timings }) {
      const camera = frame.cameraId;
      analysed.inc({ camera });
      for (const { status } of found) faces.inc({ camera, status });
      for (const name of STAGES) stage.observe({ stage: name }, timings[name] / 1000);
      age.observe({ camera }, (frame.ageMs + timings.total) / 1000);
    },
    cameraState({ cameraId: camera, state: now, code, connections: opened }) {
      for (const each of CAMERA_STATES) state.set({ camera, state: each }, each === now ? 1 : 0);
      const known = seenOf(camera);
      // A camera that was restarted with other settings counts from 0 again.
      const fresh = opened < known.connections ? opened : opened - known.connections;
      if (fresh > 0) connections.inc({ camera }, fresh);
      known.connections = opened;
      if (now !== 'reconnecting') return;
      known.codes.add(code ?? 'none');
      reconnects.inc({ camera, code: code ?? 'none' });
    },
    cameraRemoved(camera) {
      for (const metric of [received, analysed, age, connections]) metric.remove({ camera });
      for (const status of FACE_STATUSES) faces.remove({ camera, status });
      for (const each of CAMERA_STATES) state.remove({ camera, state: each });
      const { reasons, codes } = seenOf(camera);
      for (const reason of reasons) dropped.remove({ camera, reason });
      for (const code of codes) reconnects.remove({ camera, code });
      seen.delete(camera);
    },
    event: ({ type }) => events.inc({ type }),
    httpRequest: ({ method, route, status, seconds }) =>
      http.observe({ method, route, status: String(status) }, seconds),
    watch: (more) => void Object.assign(sources, more),
    eventLoopDelayP99Ms: () => delayMs(loopDelay.percentile(99)),
    contentType: register.contentType,
    text: () => register.metrics(),
    json: () => register.getMetricsAsJSON(),
    close: () => void loopDelay.disable(),
  };
}
