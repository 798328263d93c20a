import { setTimeout as wait } from 'node:timers/promises';
import type { CameraView } from '../../server/server-parts.ts';
import { eventually } from '../../test/support/eventually.ts';
import { mainThreadDelays } from './main-thread-delays.ts';
import type { ManyTenants } from './many-figures.ts';
import { type MeasuredFacegate, openFacegate } from './measured-facegate.ts';
import { KINDS, type Kind, type TreeCosts, treeCosts } from './tree-costs.ts';

const RUNNING_WITHIN_MS = 300_000;
/** After the last camera runs: networks and decoders of all have had their first pictures. */
const SETTLE_MS = 3000;

/**
 * A facegate alone, then so many tenants of the same settings behind a gateway: with a camera each, and after the cameras
 * were taken out of the settings while they run.
 */
export async function measureManyTenants(o: {
  folder: string;
  film: string;
  tenants: number;
  seconds: number;
  /** Each tenant gets one of them, in turn: so it has one inference process, and none is left out. */
  processors: readonly number[];
  say: (text: string) => void;
}): Promise<ManyTenants> {
  const { folder, film, tenants, seconds, processors, say } = o;
  const settings = (watching: boolean) => ({
    cameras: watching ? [{ id: 'camera', url: `file:${film}`, realtime: true, loop: true, fps: 1 }] : [],
    models: { detector: { inputSize: 320 }, processes: 1 },
  });
  const ids = Array.from({ length: tenants }, (_, i) => `t${String(i + 1).padStart(2, '0')}`);
  const gatewaySettings = (watching: boolean) => ({
    tenants: ids.map((id, i) => ({
      id,
      settings: settings(watching),
      limits: { cpus: String(processors[i % processors.length]) },
    })),
  });
  say('one facegate alone, with the same camera');
  const alone = await (async () => {
    await using facegate = await openFacegate({ folder, settings: settings(true), cpus: String(processors[0]) });
    await untilRunning(facegate, [null]);
    await wait(SETTLE_MS);
    return { readyMs: facegate.readyMs, ...(await costsDuring(facegate.pid, seconds)) };
  })();
  say(`${tenants} tenants, one after the other`);
  await using gateway = await openFacegate({ folder, settings: gatewaySettings(true) });
  say(`all ready after ${(gateway.readyMs / 1000).toFixed(1)} s`);
  await untilRunning(gateway, ids);
  await wait(SETTLE_MS);
  await mainThreadDelays(gateway.address);
  const watching = await costsDuring(gateway.pid, seconds);
  const delays = await mainThreadDelays(gateway.address);
  if (delays.tenants.size < tenants)
    throw new Error(`of ${tenants} tenants ${delays.tenants.size} said how late they are`);
  say('without cameras');
  gateway.rewrite(gatewaySettings(false));
  await eventually(
    'tenants without cameras',
    async () => (await camerasOf(gateway, ids)).every((cameras) => cameras?.length === 0),
    RUNNING_WITHIN_MS,
  );
  await wait(SETTLE_MS);
  const idle = await costsDuring(gateway.pid, seconds);
  const delaysMs = { gateway: delays.gateway, tenants: [...delays.tenants.values()] };
  return { tenants, alone, readyMs: gateway.readyMs, watching, delaysMs, idle };
}

async function untilRunning(facegate: MeasuredFacegate, tenants: readonly (string | null)[]): Promise<void> {
  await eventually(
    `${tenants.length} running cameras`,
    async () =>
      (await camerasOf(facegate, tenants)).every(
        (cameras) =>
          cameras?.length === 1 && cameras.every(({ state, fps }) => state === 'running' && fps.analysed > 0),
      ),
    RUNNING_WITHIN_MS,
  );
}

/** null for a tenant that is being started anew, as some settings need it. */
async function camerasOf(
  facegate: MeasuredFacegate,
  tenants: readonly (string | null)[],
): Promise<(CameraView[] | null)[]> {
  const found: (CameraView[] | null)[] = [];
  for (const id of tenants) {
    const answer = await fetch(`${facegate.address}${id === null ? '' : `/${id}`}/cameras`);
    found.push(answer.ok ? ((await answer.json()) as { cameras: CameraView[] }).cameras : null);
  }
  return found;
}

async function costsDuring(pid: number, seconds: number) {
  const before = treeCosts(pid);
  await wait(seconds * 1000);
  const after = treeCosts(pid);
  return { memory: after.memory, processes: after.processes, cores: coresBetween(before, after) };
}

function coresBetween(before: TreeCosts, after: TreeCosts): Record<Kind, number> {
  const seconds = (after.atMs - before.atMs) / 1000;
  return Object.fromEntries(
    KINDS.map((kind) => [kind, Math.max(0, after.cpu[kind] - before.cpu[kind]) / seconds]),
  ) as Record<Kind, number>;
}
