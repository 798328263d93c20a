import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { TenantView } from '../tenants/tenant-contract.ts';
import { type FacegateProcess, startFacegate } from '../test/support/facegate-process.ts';

const LOOK_EVERY_MS = 50;
const PAGE = 1000;

/** The real gateway with its tenants, in a folder of its own. */
export class SoakTenants implements AsyncDisposable {
  readonly facegate: FacegateProcess;
  readonly #folder: string;

  private constructor(facegate: FacegateProcess, folder: string) {
    this.facegate = facegate;
    this.#folder = folder;
  }

  /** @param settings of the gateway's file. */
  static async start(settings: object): Promise<SoakTenants> {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-soak-'));
    try {
      const config = join(folder, 'facegate.yaml');
      writeFileSync(config, JSON.stringify(settings));
      const facegate = await startFacegate(['serve', '--config', config, '--data', join(folder, 'data')]);
      return new SoakTenants(facegate, folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get address(): string {
    return this.facegate.address;
  }

  /** Resolves when that tenant is ready, in another process than `notIn`. */
  async ready(tenant: string, notIn: number | null, withinMs: number, signal: AbortSignal): Promise<TenantView> {
    for (const until = performance.now() + withinMs; ; ) {
      const view = await this.#get<TenantView>(`/tenants/${tenant}`);
      if (view.state === 'ready' && view.pid !== null && view.pid !== notIn) return view;
      if (performance.now() > until) throw new Error(`${tenant} is not back: ${JSON.stringify(view)}`);
      await wait(LOOK_EVERY_MS, undefined, { signal });
    }
  }

  /** Has one of its steps work on a picture, however long its networks are busy; one that ends the process has no answer. */
  async step(tenant: string, step: string, picture: Buffer, withinMs: number, signal: AbortSignal): Promise<void> {
    for (const until = performance.now() + withinMs; ; await wait(LOOK_EVERY_MS, undefined, { signal })) {
      const form = new FormData();
      form.append('image', new Blob([new Uint8Array(picture)], { type: 'image/jpeg' }), 'picture.jpg');
      const response = await fetch(`${this.address}/${tenant}/detect_and_${step}`, { method: 'POST', body: form });
      const said = await response.text();
      if (response.ok || said.includes('TENANT_UNAVAILABLE')) return;
      if (!said.includes('INFERENCE_') || performance.now() > until) {
        throw new Error(`${step} was answered ${response.status}: ${said}`);
      }
    }
  }

  /** Of all its events, oldest first. */
  async eventNumbers(tenant: string): Promise<number[]> {
    const numbers: number[] = [];
    for (let since = 0; ; ) {
      const { events } = await this.#get<{ events: { sequence: number }[] }>(
        `/${tenant}/events?since=${since}&limit=${PAGE}`,
      );
      numbers.push(...events.map(({ sequence }) => sequence));
      const last = numbers.at(-1);
      if (events.length < PAGE || last === undefined) return numbers;
      since = last;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.facegate.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(this.address + path);
    if (!response.ok) throw new Error(`GET ${path} was answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }
}
