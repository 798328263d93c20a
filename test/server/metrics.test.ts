import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CameraStatus } from '../../pipeline/camera-status.ts';
import type { IdentifiedFace } from '../../pipeline/face.ts';
import type { FrameResult } from '../../pipeline/frame-result.ts';
import { createMetrics, type Metrics } from '../../server/metrics.ts';
import { fakeFace } from '../support/fake-analyser.ts';
import { fakeFrame } from '../support/fake-frame.ts';

let metrics: Metrics;
beforeEach(() => {
  metrics = createMetrics({ version: '1.2.3' });
});
afterEach(() => metrics.close());

const OF_TENANT = /(?<=\{)tenant="[a-z]+",?|,tenant="[a-z]+"/;
/** The samples, less what all of them have: whose they are. */
const lines = async () =>
  (await metrics.text())
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => line.replace(OF_TENANT, '').replace('{}', ''));
const status = (fields: Partial<CameraStatus>): CameraStatus => ({
  cameraId: 'front',
  state: 'running',
  code: null,
  message: null,
  sinceMs: 0,
  streamInUse: null,
  connections: 1,
  retryAtMs: null,
  ...fields,
});
const face = (fields: Partial<IdentifiedFace>): IdentifiedFace => ({
  ...fakeFace(),
  status: 'known',
  subject: { id: 'id', name: 'Ada' },
  similarity: 0.7,
  margin: 0.3,
  groups: [],
  lapsed: null,
  reason: null,
  ...fields,
});
const result = (): FrameResult => ({
  frame: fakeFrame({ ageMs: 40 }),
  faces: [face({}), face({ status: 'unknown', subject: null }), face({ status: 'unknown', subject: null })],
  threshold: 0.4,
  timings: { queue: 2, detect: 20, embed: 10, identify: 1, total: 33 },
  dropped: { busy: 0, thinned: 0, unchanged: 0 },
});

describe('the metrics', () => {
  it('count frames and faces by camera, and time by stage, and never a name', async () => {
    metrics.frameReceived('front');
    metrics.frameReceived('front');
    metrics.frameDropped('front', 'busy');
    metrics.frameAnalysed(result());
    const text = await lines();
    expect(text).toEqual(
      expect.arrayContaining([
        'facegate_info{version="1.2.3"} 1',
        'facegate_frames_received_total{camera="front"} 2',
        'facegate_frames_analysed_total{camera="front"} 1',
        'facegate_frames_dropped_total{camera="front",reason="busy"} 1',
        'facegate_faces_total{camera="front",status="known"} 1',
        'facegate_faces_total{camera="front",status="unknown"} 2',
        'facegate_stage_seconds_sum{stage="detect"} 0.02',
        'facegate_stage_seconds_bucket{le="0.025",stage="detect"} 1',
        'facegate_stage_seconds_bucket{le="0.01",stage="detect"} 0',
        'facegate_frame_age_seconds_sum{camera="front"} 0.073',
      ]),
    );
    expect(text.join('\n')).not.toContain('Ada');
  });

  it('show the one state a camera is in, and count connections and losses', async () => {
    metrics.cameraState(status({ state: 'connecting', connections: 1 }));
    metrics.cameraState(status({ state: 'running', connections: 1 }));
    metrics.cameraState(status({ state: 'reconnecting', connections: 1, code: 'STREAM_TIMEOUT' }));
    metrics.cameraState(status({ state: 'running', connections: 3 }));
    const text = await lines();
    expect(text).toEqual(
      expect.arrayContaining([
        'facegate_camera_state{camera="front",state="running"} 1',
        'facegate_camera_state{camera="front",state="reconnecting"} 0',
        'facegate_camera_connections_total{camera="front"} 3',
        'facegate_camera_reconnects_total{camera="front",code="STREAM_TIMEOUT"} 1',
      ]),
    );
    expect(text.filter((line) => /camera_state\{.*\} 1$/.test(line))).toHaveLength(1);
  });

  it('forget a camera that was removed, and only that one', async () => {
    metrics.cameraState(status({}));
    metrics.cameraState(status({ cameraId: 'yard' }));
    metrics.frameAnalysed(result());
    metrics.frameReceived('front');
    metrics.cameraRemoved('front');
    const text = (await lines()).join('\n');
    expect(text).not.toContain('front');
    expect(text).toContain('facegate_camera_connections_total{camera="yard"} 1');
  });

  it('ask their sources at each reading', async () => {
    let restarts = 1;
    metrics.watch({ inference: () => ({ processes: 2, restarts, queued: 3, outOfMemory: 4, lightened: 1 }) });
    metrics.watch({
      live: () => ({ viewers: 4, dropped: 5 }),
      feed: () => ({ clients: 6 }),
      gallery: () => ({ subjects: 7, templates: 8 }),
      room: () => ({ bytes: 9, limitBytes: null }),
      eventLog: () => ({ events: 10, bytes: 11, lastSequence: 12 }),
      roles: () => [
        { role: 'detector', model: 'm', provider: 'cpu', device: 'cpu', degraded: true, nodes: { cpu: 38 } },
      ],
    });
    await lines();
    restarts = 2;
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'facegate_inference_processes 2',
        'facegate_inference_restarts_total 2',
        'facegate_inference_out_of_memory_total 4',
        'facegate_inference_lightened_total 1',
        'facegate_inference_queue 3',
        'facegate_live_viewers 4',
        'facegate_live_messages_dropped_total 5',
        'facegate_event_clients 6',
        'facegate_gallery_subjects 7',
        'facegate_gallery_templates 8',
        'facegate_data_bytes 9',
        'facegate_event_log_events 10',
        'facegate_event_log_bytes 11',
        'facegate_event_log_sequence 12',
        'facegate_network_info{role="detector",model="m",provider="cpu",device="cpu"} 1',
        'facegate_network_degraded{role="detector",model="m",provider="cpu"} 1',
        'facegate_network_nodes{role="detector",model="m",provider="cpu"} 38',
      ]),
    );
  });

  it('ask the doors what they said, what they left out and whether they are locked down', async () => {
    const stats = { granted: 3, denied: 2, stale: 5, degraded: 1, broken: 0 };
    const lockdown = { since: '2026-11-21T09:00:00.000Z', by: 'key desk', reason: null };
    metrics.watch({ doors: () => [{ id: 'lobby', openNow: true, lockdown, stats }] });
    const read = await lines();
    expect(read).toEqual(
      expect.arrayContaining([
        'facegate_door_answers_total{door="lobby",answer="granted"} 3',
        'facegate_door_answers_total{door="lobby",answer="denied"} 2',
        'facegate_door_pictures_left_out_total{door="lobby",reason="stale"} 5',
        'facegate_door_locked_down{door="lobby"} 1',
        'facegate_door_open{door="lobby"} 1',
      ]),
    );
    metrics.watch({ doors: () => [] });
    expect((await lines()).filter((line) => line.includes('door="lobby"'))).toEqual([]);
  });

  it('count events by type', async () => {
    metrics.event({ type: 'access.granted' });
    metrics.event({ type: 'access.granted' });
    expect(await lines()).toContain('facegate_events_total{type="access.granted"} 2');
  });

  it('see the event loop held up, and start anew at each reading', async () => {
    const pause = () => new Promise((resolve) => setTimeout(resolve, 30));
    await pause();
    const until = performance.now() + 80;
    while (performance.now() < until);
    await pause();
    const worst = async () => {
      const line = (await lines()).find((each) => each.startsWith('facegate_event_loop_delay_seconds{quantile="1"}'));
      return Number(line?.split(' ')[1]);
    };
    const heldUp = await worst();
    expect(heldUp).toBeGreaterThan(0.05);
    expect(await worst()).toBeLessThan(heldUp);
  });

  it('have names as Prometheus wants them', async () => {
    const names = (await metrics.text()).matchAll(/^# TYPE (facegate_\w+) (\w+)$/gm);
    for (const [, name, type] of names) {
      expect(name).toMatch(type === 'counter' ? /_total$/ : /^(?!.*_total$)/);
      expect(name).not.toMatch(/_(ms|milliseconds|percent)/);
    }
  });

  it('say of every sample whose it is, as text and for other processes', async () => {
    const other = createMetrics({ version: '2', tenant: 'lobby' });
    other.frameReceived('front');
    other.httpRequest({ method: 'GET', route: '/health', status: 200, seconds: 0.1 });
    const samples = (await other.text()).split('\n').filter((line) => line && !line.startsWith('#'));
    expect(samples).toContain('facegate_frames_received_total{camera="front",tenant="lobby"} 1');
    expect(samples.filter((line) => !line.includes('tenant="lobby"'))).toEqual([]);
    const json = (await other.json()) as { values: { labels: { tenant?: string } }[] }[];
    expect(new Set(json.flatMap(({ values }) => values.map(({ labels }) => labels.tenant)))).toEqual(
      new Set(['lobby']),
    );
    expect(await metrics.text()).toContain('facegate_info{version="1.2.3",tenant="default"} 1');
    other.close();
  });

  it('stand in docs/protocol.md, each with its labels, and nothing else does', async () => {
    const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
    const rows = page
      .split('### Metrics\n')[1]!
      .split('\n### ')[0]!
      .matchAll(/^\| (`facegate_.*?) \|(.*?)\| .*\|$/gm);
    const written = new Map<string, string[]>();
    const quoted = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, word]) => word!);
    for (const [, names, labels] of rows) for (const name of quoted(names!)) written.set(name, quoted(labels!));
    const known = (await metrics.json()) as { name: string }[];
    const names = known.map(({ name }) => name).filter((name) => name.startsWith('facegate_'));
    expect([...written.keys()].sort()).toEqual(names.sort());
    metrics.frameReceived('front');
    metrics.frameDropped('front', 'busy');
    metrics.frameAnalysed(result());
    metrics.cameraState(status({ state: 'reconnecting' }));
    metrics.event({ type: 'person.seen' });
    metrics.httpRequest({ method: 'GET', route: '/', status: 200, seconds: 1 });
    metrics.watch({
      roles: () => [
        { role: 'detector', model: 'm', provider: 'cpu', device: 'cpu', degraded: true, nodes: { cpu: 38 } },
      ],
      sinks: () => [
        { id: 'a', type: 'webhook', state: 'waiting', behind: 1, delivered: 1, failures: 1, waiting: 1, dead: 1 },
      ],
    });
    for (const line of await lines()) {
      const [, name, labels = ''] = /^(facegate_\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? /.exec(line) ?? [];
      if (name === undefined) continue;
      const has = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label!).filter((label) => label !== 'le');
      expect([name, has.sort()]).toEqual([name, written.get(name)?.toSorted()]);
    }
  });

  it('of two servers in one process do not mix', async () => {
    const other = createMetrics({ version: '2' });
    other.frameReceived('front');
    expect((await metrics.text()).includes('facegate_frames_received_total{camera="front"')).toBe(false);
    other.close();
    other.close();
  });

  it('ask the cameras what they counted, and forget those that are gone', async () => {
    let cameras = [
      {
        camera: 'front',
        droppedPool: 2,
        decodeErrors: 3,
        bytes: 4000,
        ageMs: 250,
        decodedFps: null as number | null,
        bitsPerSecond: null as number | null,
        askedFps: 5,
        effectiveFps: 2.4,
      },
    ];
    metrics.watch({ cameras: () => cameras });
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'facegate_frames_dropped_total{camera="front",reason="pool"} 2',
        'facegate_camera_decode_errors_total{camera="front"} 3',
        'facegate_camera_pixel_bytes_total{camera="front"} 4000',
        'facegate_camera_picture_age_seconds{camera="front"} 0.25',
        'facegate_camera_asked_fps{camera="front"} 5',
        'facegate_camera_effective_fps{camera="front"} 2.4',
      ]),
    );
    const unknown = /^facegate_camera_(stream_bits_per_second|decoded_fps)\{/;
    expect((await lines()).filter((line) => unknown.test(line))).toEqual([]);
    cameras = [{ ...cameras[0]!, droppedPool: 5, decodedFps: 24.9, bitsPerSecond: 2_000_000 }];
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'facegate_frames_dropped_total{camera="front",reason="pool"} 5',
        'facegate_camera_decoded_fps{camera="front"} 24.9',
        'facegate_camera_stream_bits_per_second{camera="front"} 2000000',
      ]),
    );
    cameras = [];
    metrics.cameraRemoved('front');
    expect((await lines()).filter((line) => line.includes('front'))).toEqual([]);
  });

  it('count the connections of a camera on when it is restarted with other settings', async () => {
    for (const connections of [1, 2, 3]) metrics.cameraState(status({ connections }));
    for (const connections of [1, 2]) metrics.cameraState(status({ connections }));
    expect(await lines()).toContain('facegate_camera_connections_total{camera="front"} 5');
  });
});
