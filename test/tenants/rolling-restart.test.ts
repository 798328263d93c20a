import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually.ts';
import { type FacegateProcess, startFacegate } from '../support/facegate-process.ts';
import { requirement } from '../support/requirements.ts';

vi.setConfig({ testTimeout: 300_000 });

const TENANTS = ['one', 'two'];
const folder = mkdtempSync(join(tmpdir(), 'facegate-rolling-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'facegate.yaml');
const linesOf = (id: string) => join(folder, `${id}.jsonl`);
writeFileSync(
  config,
  JSON.stringify({
    server: { port: 0 },
    log: { level: 'warn' },
    tenants: TENANTS.map((id) => ({
      id,
      settings: {
        cameras: [{ id: 'front', url: 'test:', enabled: false }],
        doors: [{ id: 'door', cameras: ['front'] }],
        sinks: [{ type: 'file', id: 'lines', path: linesOf(id) }],
      },
    })),
  }),
);

/** Follows the events of a tenant as programs do: again from the number that it had last, whenever it is cut off. */
class Consumer {
  readonly numbers: number[] = [];
  cutOff = 0;
  #isDone = false;
  #socket: WebSocket | null = null;
  readonly #url: string;

  constructor(address: string, tenant: string) {
    this.#url = `${address.replace('http', 'ws')}/${tenant}/ws/events`;
    this.#connect();
  }

  #connect(): void {
    if (this.#isDone) return;
    this.#socket = new WebSocket(`${this.#url}?since=${this.numbers.at(-1) ?? 0}`);
    this.#socket.on('error', () => {});
    this.#socket.on('message', (data) => {
      const { sequence } = JSON.parse(String(data)) as { sequence?: number };
      if (sequence !== undefined) this.numbers.push(sequence);
    });
    this.#socket.on('close', () => {
      this.cutOff += 1;
      setTimeout(() => this.#connect(), 100);
    });
  }

  close(): void {
    this.#isDone = true;
    this.#socket?.terminate();
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describe.skipIf(process.platform !== 'linux' || !requirement('shared').met)(
  'tenants that are started anew in turn',
  () => {
    it('lose no event, and tell none twice, to those who follow them and to their sinks', async () => {
      await using facegate = await startFacegate(['serve', '--config', config]);
      const { address } = facegate;
      const unlock = async (id: string) => {
        const answer = await fetch(`${address}/${id}/doors/door/unlock`, { method: 'POST' });
        expect([id, answer.ok]).toEqual([id, true]);
      };
      const consumers = new Map(TENANTS.map((id) => [id, new Consumer(address, id)]));
      const newest = async (id: string) => {
        const answer = await fetch(`${address}/${id}/events?limit=1000`);
        return ((await answer.json()) as { events: { sequence: number }[] }).events.length;
      };
      try {
        for (const id of TENANTS) {
          await unlock(id);
          await restarted(facegate, id);
          await unlock(id);
        }
        for (const id of TENANTS) {
          const count = await newest(id);
          expect(count).toBeGreaterThanOrEqual(2);
          const consumer = consumers.get(id)!;
          await eventually(`all events of ${id}`, () => consumer.numbers.length >= count);
          expect([id, consumer.numbers, consumer.cutOff]).toEqual([id, upTo(count), expect.any(Number)]);
          expect(consumer.cutOff).toBeGreaterThan(0);
          const lines = () =>
            readFileSync(linesOf(id), 'utf8')
              .trimEnd()
              .split('\n')
              .map((line) => (JSON.parse(line) as { sequence: number }).sequence);
          await eventually(`all lines of ${id}`, () => lines().length >= count);
          expect([id, lines()]).toEqual([id, upTo(count)]);
        }
      } finally {
        for (const consumer of consumers.values()) consumer.close();
      }
    });
  },
);

async function restarted({ address }: FacegateProcess, id: string): Promise<void> {
  const view = async () => (await (await fetch(`${address}/tenants/${id}`)).json()) as { state: string; pid: number };
  const { pid } = await view();
  expect((await fetch(`${address}/tenants/${id}/restart`, { method: 'POST' })).status).toBe(202);
  await eventually(
    `${id} is ready again`,
    async () => {
      const now = await view();
      return now.state === 'ready' && now.pid !== pid;
    },
    90_000,
  );
}
