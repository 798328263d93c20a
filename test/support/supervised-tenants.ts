import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../../config/load-settings.ts';
import { loadTenants } from '../../config/load-tenants.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { Supervisor } from '../../tenants/supervisor.ts';
import type { TenantState, TenantView } from '../../tenants/tenant-contract.ts';
import { eventually } from './eventually.ts';
import { recordedLog } from './recorded-log.ts';
import { requirement, sharedDir } from './requirements.ts';

/** Seconds on a machine of its own; beside other tests it may be a minute. */
const READY_WITHIN_MS = 90_000;

export interface SupervisedTenants extends AsyncDisposable {
  readonly supervisor: Supervisor;
  readonly log: ReturnType<typeof recordedLog>;
  readonly folder: string;
  /** Every change of a state there was. */
  readonly views: TenantView[];
  /** Admin keys that were made, by tenant. */
  readonly keys: Map<string, string>;
  view(id: string): TenantView;
  /** Writes the settings anew and has them taken over. */
  apply(settings: object): void;
  /** Until `id` is in that state. */
  until(id: string, state: TenantState, since?: (view: TenantView) => boolean): Promise<TenantView>;
  /** Asks a tenant on its socket. */
  ask(id: string, path: string): Promise<{ status: number; body: unknown }>;
}

/** Real tenants, each in a process of its own, without a gateway in front. `settings`: as the gateway's file has them. */
export function superviseTenants(settings: object, env: Record<string, string> = {}): SupervisedTenants {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-tenants-'));
  const file = join(folder, 'facegate.yaml');
  const shared = requirement('shared').met;
  const log = recordedLog();
  const read = (wanted: object) => {
    writeFileSync(file, JSON.stringify({ log: { level: 'warn', folder: 'logs' }, ...wanted }));
    const loaded = loadSettings({ file, env });
    return { loaded, tenants: loadTenants(loaded, env) };
  };
  const { loaded, tenants } = read(settings);
  const views: TenantView[] = [];
  const keys = new Map<string, string>();
  const supervisor = new Supervisor({
    gateway: loaded.settings,
    baseDir: folder,
    tenants,
    dataDir: join(folder, 'data'),
    modelsDir: join(folder, 'models'),
    mirrors: shared ? [join(sharedDir, 'models')] : [],
    modelsFolder: null,
    starter: !shared,
    consoleDir: join(folder, 'console'),
    version: '0.0.0',
    env: { ...process.env, ...env },
    clock: systemClock,
    log,
    adminKey: (tenant, key) => keys.set(tenant, key),
  });
  supervisor.changes.subscribe((view) => views.push(view));
  const view = (id: string) => {
    const found = supervisor.get(id);
    if (!found) throw new Error(`there is no tenant ${id}`);
    return found.view();
  };
  return {
    supervisor,
    log,
    folder,
    views,
    keys,
    view,
    apply: (wanted) => supervisor.apply(read(wanted).tenants),
    until: (id, state, since = () => true) =>
      eventually(
        `${id} is ${state}`,
        () => {
          const now = view(id);
          return now.state === state && since(now) ? now : null;
        },
        READY_WITHIN_MS,
      ),
    ask: (id, path) => askSocket(supervisor.get(id)?.socketPath ?? '', path),
    async [Symbol.asyncDispose]() {
      await supervisor.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function askSocket(socketPath: string, path: string): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath, path, headers: { host: 'localhost', 'x-forwarded-for': '127.0.0.1' } },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (piece) => {
          text += piece;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) }),
        );
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}
