import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccessEvent } from '../pipeline/access-event.ts';
import type { CameraView } from '../server/server-parts.ts';
import { type FacegateProcess, startFacegate } from '../test/support/facegate-process.ts';

export interface SoakCamera {
  readonly id: string;
  readonly url: string;
  readonly fps?: number;
}

/** A change of a camera's state, as the event feed has it. */
export interface CameraEvent {
  readonly camera: string;
  readonly state: string;
  readonly code: string | null;
  readonly at: string;
}

/** Frames of one camera since the program started. */
export interface FrameCounts {
  /** That the camera's ffmpeg handed over, also those for which no buffer was free. */
  readonly emitted: number;
  readonly analysed: number;
}

/** The real program, in a process and a folder of its own. */
export class SoakServer implements AsyncDisposable {
  readonly facegate: FacegateProcess;
  readonly #folder: string;

  private constructor(facegate: FacegateProcess, folder: string) {
    this.facegate = facegate;
    this.#folder = folder;
  }

  static async start(cameras: readonly SoakCamera[]): Promise<SoakServer> {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-soak-'));
    try {
      const config = join(folder, 'facegate.yaml');
      writeFileSync(config, JSON.stringify({ server: { port: 0 }, cameras }));
      return new SoakServer(await startFacegate(['serve', '--config', config, '--data', join(folder, 'data')]), folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async cameras(): Promise<CameraView[]> {
    return ((await this.#ask('GET', '/cameras')) as { cameras: CameraView[] }).cameras;
  }

  camera(id: string): Promise<CameraView> {
    return this.#ask('GET', `/cameras/${id}`) as Promise<CameraView>;
  }

  async add(camera: SoakCamera): Promise<void> {
    await this.#ask('POST', '/cameras', camera);
  }

  async remove(id: string): Promise<void> {
    await this.#ask('DELETE', `/cameras/${id}`);
  }

  /** Every change of a camera's state, oldest first: of the newest thousand events. */
  async cameraEvents(): Promise<CameraEvent[]> {
    const { events } = (await this.#ask('GET', '/events?limit=1000')) as { events: AccessEvent[] };
    return events.flatMap(({ type, camera, reason, decidedAt }) =>
      type.startsWith('camera.') && camera ? [{ camera, state: type.slice(7), code: reason, at: decidedAt }] : [],
    );
  }

  async frames(): Promise<Map<string, FrameCounts>> {
    const text = await (await fetch(`${this.facegate.address}/metrics`)).text();
    return frameCounts(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.facegate.stop();
    rmSync(this.#folder, { recursive: true, force: true });
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

/** Of each camera, out of the Prometheus text. */
export function frameCounts(metrics: string): Map<string, FrameCounts> {
  const counts = new Map<string, { emitted: number; analysed: number }>();
  const line =
    /^facegate_frames_(received|analysed|dropped)_total\{camera="([^"]+)"(?:,reason="(\w+)")?[^}]*\} (\S+)$/gm;
  for (const [, kind, camera, reason, value] of metrics.matchAll(line)) {
    const of = counts.get(camera!) ?? { emitted: 0, analysed: 0 };
    counts.set(camera!, of);
    if (kind === 'analysed') of.analysed += Number(value);
    // A frame without a buffer was never received; every other dropped one was.
    else if (kind === 'received' || reason === 'pool') of.emitted += Number(value);
  }
  return counts;
}
