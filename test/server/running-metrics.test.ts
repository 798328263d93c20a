import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Tenant } from '../../server/tenant.ts';
import { openTestTenant } from '../support/open-test-tenant.ts';
import { longFilm, WALK } from '../support/people-in-film.ts';
import { requirement } from '../support/requirements.ts';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function samplesOf(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\w+)\{(.*)\} (\S+)$/.exec(line);
    if (!match) return [];
    const labels = Object.fromEntries(
      [...match[2]!.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
    );
    return [{ name: match[1]!, labels, value: Number(match[3]) }];
  });
}

describe.skipIf(!requirement('shared').met || !requirement('ffmpeg').met)('the metrics of a tenant that runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-metrics-'));
  let tenant: Tenant;
  let address: string;
  let samples: Sample[];

  const read = async () => samplesOf(await (await fetch(`${address}/metrics`)).text());
  const ask = async <T>(path: string) => (await (await fetch(address + path)).json()) as T;
  const of = (name: string, labels: Record<string, string> = {}) => {
    const found = samples.filter(
      (each) => each.name === name && Object.entries(labels).every(([key, value]) => each.labels[key] === value),
    );
    expect([name, labels, found.length]).toEqual([name, labels, 1]);
    return found[0]!.value;
  };

  beforeAll(async () => {
    tenant = await openTestTenant({
      folder,
      settings: {
        server: { port: 0 },
        models: { processes: 1, detector: { model: 'retinaface-mobilenet025', inputSize: 320 } },
        cameras: [
          {
            id: 'front',
            url: `file:${longFilm(WALK, 60, join(folder, 'walk.mp4'))}`,
            fps: 4,
            width: 640,
            realtime: true,
            loop: true,
          },
        ],
        sinks: [
          {
            type: 'webhook',
            id: 'away',
            url: 'http://127.0.0.1:9/',
            secrets: [`whsec_${Buffer.alloc(32, 1).toString('base64')}`],
          },
          { type: 'file', id: 'lines', path: join(folder, 'events.jsonl') },
        ],
      },
      tenant: 'lobby',
    });
    tenant.gallery.createSubject({ name: 'Ada' });
    ({ address } = await tenant.start());
    const analysed = async () =>
      (await read()).find(({ name }) => name === 'facegate_frames_analysed_total')?.value ?? 0;
    await vi.waitUntil(async () => (await analysed()) > 30, { timeout: 60_000, interval: 500 });
    samples = await read();
  }, 120_000);
  afterAll(async () => {
    await tenant?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('bear its id, all of them', () => {
    expect(samples.length).toBeGreaterThan(100);
    expect(samples.filter(({ labels }) => labels.tenant !== 'lobby')).toEqual([]);
  });

  it('say how many pictures a second come in and are analysed, and what became of the others', () => {
    const camera = { camera: 'front' };
    // The film has 25 a second; this machine may be busy.
    expect(of('facegate_camera_decoded_fps', camera)).toBeGreaterThan(10);
    expect(of('facegate_camera_decoded_fps', camera)).toBeLessThan(35);
    expect(of('facegate_camera_asked_fps', camera)).toBe(4);
    const received = of('facegate_frames_received_total', camera);
    const analysed = of('facegate_frames_analysed_total', camera);
    const dropped = samples
      .filter(({ name, labels }) => name === 'facegate_frames_dropped_total' && labels.reason !== 'pool')
      .reduce((sum, { value }) => sum + value, 0);
    expect(received - analysed - dropped).toBeGreaterThanOrEqual(0);
    expect(received - analysed - dropped).toBeLessThanOrEqual(3);
  });

  it('have each analysed picture in the histograms of its age and of every stage', () => {
    const analysed = of('facegate_frames_analysed_total', { camera: 'front' });
    expect(of('facegate_frame_age_seconds_count', { camera: 'front' })).toBe(analysed);
    for (const stage of ['queue', 'detect', 'embed', 'identify', 'total']) {
      expect([stage, of('facegate_stage_seconds_count', { stage })]).toEqual([stage, analysed]);
      expect(of('facegate_stage_seconds_bucket', { stage, le: '+Inf' })).toBe(analysed);
    }
    const sum = (stage: string) => of('facegate_stage_seconds_sum', { stage });
    expect(sum('detect') / analysed).toBeGreaterThan(0.0005);
    expect(sum('detect') / analysed).toBeLessThan(5);
    expect(sum('total')).toBeGreaterThanOrEqual(sum('detect'));
  });

  it('say what runs the networks', async () => {
    const { models } = await ask<{ models: { role: string; model: string; provider: string; device: string }[] }>(
      '/ready',
    );
    expect(models.length).toBeGreaterThanOrEqual(2);
    for (const { role, model, provider, device } of models) {
      expect(of('facegate_network_info', { role, model, provider, device })).toBe(1);
    }
    expect(of('facegate_inference_processes')).toBe(1);
    expect(of('facegate_inference_restarts_total')).toBe(0);
    expect(of('facegate_inference_queue')).toBeGreaterThanOrEqual(0);
  });

  it('say how long the event log is, and how far each sink is behind', async () => {
    // Two readings of what goes on: the log and its metrics are compared while nothing comes in between.
    await expect
      .poll(async () => {
        const { events, latest, oldest } = await ask<{ events: unknown[]; latest: number; oldest: number }>(
          '/events?limit=1000',
        );
        samples = await read();
        return (
          of('facegate_event_log_sequence') === latest &&
          of('facegate_event_log_events') === latest - oldest + 1 &&
          of('facegate_event_log_events') === events.length
        );
      })
      .toBe(true);
    expect(of('facegate_event_log_events')).toBeGreaterThan(1);
    expect(of('facegate_event_log_bytes')).toBeGreaterThan(4096);
    await expect
      .poll(async () => {
        const { sinks } = await ask<{ sinks: { id: string; waiting?: number; dead?: number; behind: number }[] }>(
          '/sinks',
        );
        samples = await read();
        return sinks.map(({ id, behind, waiting, dead }) => [
          id,
          of('facegate_sink_behind', { sink: id }) === behind,
          waiting === undefined || of('facegate_sink_waiting', { sink: id }) === waiting,
          dead === undefined || of('facegate_sink_dead', { sink: id }) === dead,
        ]);
      })
      .toEqual([
        ['away', true, true, true],
        ['lines', true, true, true],
      ]);
    expect(of('facegate_sink_waiting', { sink: 'away' })).toBeGreaterThan(0);
    expect(of('facegate_sink_dead', { sink: 'away' })).toBe(0);
    expect(of('facegate_sink_delivered_total', { sink: 'lines' })).toBeGreaterThan(0);
  });

  it('say how large gallery and data folder are, and how late the event loop is', () => {
    expect(of('facegate_gallery_subjects')).toBe(1);
    expect(of('facegate_gallery_templates')).toBe(0);
    expect(of('facegate_data_bytes')).toBeGreaterThan(50_000);
    for (const quantile of ['0.5', '0.99', '1']) {
      expect(of('facegate_event_loop_delay_seconds', { quantile })).toBeLessThan(5);
    }
  });
});
