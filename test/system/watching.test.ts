import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gpuMetrics } from '../../server/gpu-metrics.ts';
import { eventually } from '../support/eventually.ts';
import { type FacegateProcess, startFacegate } from '../support/facegate-process.ts';
import { type Exposed, type Matcher, readExposition, readPromql } from '../support/promql.ts';
import { requirement, sharedDir } from '../support/requirements.ts';
import { expressions } from '../support/watching-files.ts';

const run = promisify(execFile);

/** What there is only after something happened. */
const LATE = [
  'facegate_faces_total',
  'facegate_camera_reconnects_total',
  'facegate_events_total',
  'facegate_frames_dropped_total',
  'facegate_camera_decoded_fps',
  'facegate_data_bytes',
  'facegate_sink_waiting',
  'facegate_gateway_refused_total',
  'facegate_gateway_request_seconds_bucket',
];

/** What Prometheus puts on every series itself. */
const OF_PROMETHEUS = ['job', 'instance'];

describe.skipIf(!requirement('ffmpeg').met || !requirement('shared').met)(
  'what the dashboard and the rules name',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-watching-'));
    let facegate: FacegateProcess;
    let exposed: Map<string, Exposed>;

    beforeAll(async () => {
      const film = join(sharedDir, 'media/walk-to-camera-1080p25.mp4');
      const config = join(folder, 'facegate.yaml');
      writeFileSync(
        config,
        `dataDir: ${join(folder, 'data')}
tenants:
  - id: doors
    limits: { disk: 1GiB }
    settings:
      cameras:
        - { id: film, url: "file:${film}", realtime: true, loop: true, fps: 25 }
        - { id: pattern, url: "test:", fps: 60, width: 1920 }
        - { id: nobody, url: "rtsp://127.0.0.1:1/none" }
      doors: [{ id: lobby, cameras: [film], allow: [Ada Lovelace] }]
      sinks:
        - { type: file, path: ${join(folder, 'events.jsonl')} }
        - { type: webhook, id: alarm, url: "http://127.0.0.1:1/none", secrets: ["whsec_${Buffer.alloc(32, 1).toString('base64')}"] }
  - { id: batch, limits: { requestsPerSecond: 1 }, settings: {} }
`,
      );
      facegate = await startFacegate(['serve', '--config', config, '--port', '0']);
      // Until every kind of thing has happened once.
      let missing: string[] = [];
      const look = async () => {
        await fetch(`${facegate.address}/doors/health`);
        await Promise.all(Array.from({ length: 5 }, () => fetch(`${facegate.address}/batch/health`)));
        const found = readExposition(await (await fetch(`${facegate.address}/metrics`)).text());
        missing = LATE.filter((name) => !found.get(name)?.series.length);
        return missing.length === 0 && found;
      };
      exposed = await eventually('series of all that happens late', look, 90_000).catch((cause) => {
        throw new Error(`still missing: ${missing.join(', ')}`, { cause });
      });
      for (const [name, of] of await ofAGpu()) exposed.set(name, of);
      exposed.set('up', { type: 'gauge', series: [{ job: 'facegate', instance: 'facegate:8000' }] });
    }, 200_000);
    afterAll(async () => {
      await facegate?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it.each(expressions())('exists: $where', ({ expr, shown }) => {
      const { selectors, by } = readPromql(expr);
      const possible = new Set(by ?? []);
      for (const { metric, matchers, grouped } of selectors) {
        const there = exposed.get(metric);
        expect(there, `${metric}; there are ${[...exposed.keys()].join(', ')}`).toBeDefined();
        const series = there!.series;
        expect(series.length, `series of ${metric}`).toBeGreaterThan(0);
        const labels = new Set([...series.flatMap((each) => Object.keys(each)), ...OF_PROMETHEUS]);
        for (const { label } of matchers) expect([...labels], `${metric}{${label}}`).toContain(label);
        for (const label of grouped) expect([...labels], `${metric} by ${label}`).toContain(label);
        if (by === null) for (const label of labels) possible.add(label);
        const wanted = matchers.filter(({ label }) => FIXED.has(label));
        expect(
          series.some((each) => wanted.every((matcher) => holds(matcher, each[matcher.label] ?? ''))),
          `${metric} with ${wanted.map(({ label, op, value }) => label + op + value).join(', ')}`,
        ).toBe(true);
      }
      for (const label of shown) expect([...possible], `shown: ${label}`).toContain(label);
    });

    it('would be missed: a name, a label and a value that are not there', () => {
      expect(exposed.get('facegate_frames_seen_total')).toBeUndefined();
      expect(exposed.get('facegate_camera_state')!.series.some((each) => 'colour' in each)).toBe(false);
      const state = exposed.get('facegate_camera_state')!.series.map((each) => each.state);
      expect(state).toContain('reconnecting');
      expect(state).not.toContain('on holiday');
    });

    it('is read by the check of the image too', async () => {
      const script = resolve(import.meta.dirname, '../../deploy/docker/healthcheck.mjs');
      await run(process.execPath, [script, `${facegate.address}/health`]);
    });
  },
);

/** Labels whose values are words of the program. Those of others (a reason, a status) come only with what happens. */
const FIXED = new Set(['state', 'quantile']);

function holds({ op, value }: Matcher, is: string): boolean {
  const same = op.endsWith('~') ? new RegExp(`^(?:${value})$`).test(is) : is === value;
  return op.startsWith('!') ? !same : same;
}

/** This machine may have no GPU: what one would say of itself. */
async function ofAGpu(): Promise<Map<string, Exposed>> {
  const register = new Registry();
  register.setDefaultLabels({ tenant: 'doors' });
  gpuMetrics([register], () => [{ device: 'GPU-1', usedBytes: 1, totalBytes: 2, utilization: 0.5 }]);
  return readExposition(await register.metrics());
}
