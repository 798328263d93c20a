import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type SettingsInput, settingsSchema } from '../../config/settings-schema.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { type Gateway, type GatewayOptions, openGateway } from '../../tenants/gateway/open-gateway.ts';
import { type Upstream, upstreamOn } from './socket-upstream.ts';
import { FixedTenants, type TenantFields } from './tenant-directory.ts';

export interface TestGateway extends Gateway {
  readonly directory: FixedTenants;
  readonly port: number;
  readonly folder: string;
  /** A real server on a socket of its own, known as that tenant. */
  tenant(
    id: string,
    answer?: (request: IncomingMessage, response: ServerResponse) => void,
    fields?: Partial<TenantFields>,
  ): Promise<Upstream>;
}

/** A gateway on a free loopback port, with no tenant yet. Closing it closes what it stands before as well. */
export async function openTestGateway(
  o: { settings?: SettingsInput; bounds?: GatewayOptions['bounds']; directory?: FixedTenants } = {},
): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'fg-gateway-'));
  const directory = o.directory ?? new FixedTenants();
  const upstreams: Upstream[] = [];
  const settings = settingsSchema.parse({ ...o.settings, server: { port: 0, ...o.settings?.server } });
  const gateway = await openGateway({
    settings,
    baseDir: folder,
    directory,
    version: '1.2.3',
    log: pino({ level: 'silent' }),
    clock: systemClock,
    bounds: { graceMs: 300, ...o.bounds },
  });
  return {
    ...gateway,
    directory,
    folder,
    port: Number(new URL(gateway.address).port),
    async tenant(id, answer, fields = {}) {
      const upstream = await upstreamOn(join(folder, `${id}.sock`), answer);
      upstreams.push(upstream);
      directory.set(id, { socketPath: upstream.socketPath, ...fields });
      return upstream;
    },
    async close() {
      await gateway.close();
      await Promise.all(upstreams.map((upstream) => upstream.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
