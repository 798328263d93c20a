import type { RoleSettings } from '../../config/settings-schema.ts';
import { providerName, providersFor } from '../runtime/providers.ts';

/** A role as the settings have it; undefined fields were not set. */
export interface RoleRequest extends Partial<RoleSettings> {
  /** `detector`, `embedder`, or a scorer's own. */
  readonly key: string;
}

export interface PlacedRole {
  readonly key: string;
  readonly providers: 'auto' | readonly string[];
  /** As set; undefined: the provider's first. */
  readonly device: string | undefined;
}

/** Roles that live in the same processes: a picture crosses once for all of them. */
export interface PlacementGroup {
  readonly roles: readonly PlacedRole[];
  /** `cpu`, `cuda:0`, `MIG-…`, or the name of a provider that has one device only. */
  readonly device: string;
  readonly isolation: RoleSettings['isolation'];
  /** What its processes see of the environment beside what all of them see. */
  readonly environment: Readonly<Record<string, string>>;
  /** Processes from the start; null: one, and as many as on a CPU once it has proved to run on none but that. */
  readonly processes: number | null;
  /** The longest of its roles', milliseconds: they answer together, and raising one must be enough. */
  readonly deadlineMs: number;
  /** The smallest of its roles' limits, MiB; null: none. */
  readonly memoryLimitMb: number | null;
}

export interface PlacementOptions {
  readonly roles: readonly RoleRequest[];
  /** `models.providers`. */
  readonly providers: 'auto' | readonly string[];
  /** `models.processes`; undefined: one a core on a CPU, one on a GPU. */
  readonly processes?: number | undefined;
  readonly cores: number;
  /** What `auto` tries first on this machine. */
  readonly autoProvider: 'cpu' | 'cuda' | 'coreml';
}

const DEADLINE_MS = 5000;

/**
 * Which networks live together. Those that share, share with the others of their device; one that asks for a process or
 * thread of its own, or for another device, has processes of its own, to which crops cross.
 *
 * @returns in the order of their first role.
 * @throws {AppError} CONFIG_INVALID where a device and a list of providers contradict each other;
 *   MODEL_PROVIDER_UNAVAILABLE for a provider that nobody knows.
 */
export function planPlacement(options: PlacementOptions): PlacementGroup[] {
  const groups = new Map<string, { requests: RoleRequest[]; roles: PlacedRole[]; device: string }>();
  for (const request of options.roles) {
    const providers = providersFor(request, options.providers);
    const device = deviceOf(request.device, providers, options.autoProvider);
    const isolation = request.isolation ?? 'shared';
    const where = isolation === 'shared' ? device : request.key;
    const group = groups.get(`${isolation} ${where}`) ?? { requests: [], roles: [], device };
    groups.set(`${isolation} ${where}`, group);
    group.requests.push(request);
    group.roles.push({ key: request.key, providers, device: request.device });
  }
  return [...groups.values()].map(({ requests, roles, device }) => {
    const limits = requests.flatMap(({ memoryLimitMb }) => memoryLimitMb ?? []);
    return {
      roles,
      device,
      isolation: requests[0]!.isolation ?? 'shared',
      environment: visibleDevices(device),
      processes: processesFor(roles, device, options),
      deadlineMs: Math.max(...requests.map(({ deadlineMs }) => deadlineMs ?? DEADLINE_MS)),
      memoryLimitMb: limits.length > 0 ? Math.min(...limits) : null,
    };
  });
}

/** Of a GPU that is cut into slices, a process sees one: its own. */
function visibleDevices(device: string): Record<string, string> {
  return device.startsWith('MIG-') ? { CUDA_VISIBLE_DEVICES: device } : {};
}

function deviceOf(
  asked: string | undefined,
  providers: 'auto' | readonly string[],
  autoProvider: PlacementOptions['autoProvider'],
): string {
  if (asked !== undefined) return asked === 'cuda' ? 'cuda:0' : asked;
  const first = providers === 'auto' ? autoProvider : providerName(providers[0]!);
  return first === 'cuda' || first === 'tensorrt' ? 'cuda:0' : first;
}

function processesFor(roles: readonly PlacedRole[], device: string, options: PlacementOptions): number | null {
  if (options.processes !== undefined) return options.processes;
  if (device === 'cpu') return options.cores;
  const mayFallBack = roles.every(
    ({ providers }) => providers === 'auto' || providers.some((name) => providerName(name) === 'cpu'),
  );
  return mayFallBack ? null : 1;
}
