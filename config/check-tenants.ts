import { keyName, type Problem } from './describe-problem.ts';
import { deviceName, type TenantDevice } from './tenant-settings.ts';

/** What the gateway has itself; all else belongs to one of the tenants. */
const OF_THE_GATEWAY = ['dataDir', 'ffmpeg', 'server', 'keys', 'log', 'tenants'];

type Member = Readonly<Record<string, unknown>>;

/** Tenants that are well formed, each by itself, and do not fit together; malformed ones are passed over here. */
export function checkTenants(settings: unknown): Problem[] {
  const { tenants } = (settings ?? {}) as Member;
  if (!Array.isArray(tenants) || tenants.length === 0) return [];
  const members = tenants.map((one: unknown): Member => (isMapping(one) ? one : {}));
  return [
    ...settingsBeside(settings as Member),
    ...members.flatMap(({ config, settings: inline }, i) => {
      if ((config === undefined) !== (inline === undefined)) return [];
      const has = config === undefined ? 'neither' : 'both';
      return [problem(['tenants', i], `must have config (a file) or settings (written here), got ${has}`)];
    }),
    ...repeated(members, 'id'),
    ...repeated(members, 'port'),
    ...portOfTheGateway(settings as Member, members),
    ...sharedDevices(members),
  ];
}

/** Somebody who begins with tenants has the old settings still standing there, and would miss them. */
function settingsBeside(settings: Member): Problem[] {
  return Object.keys(settings)
    .filter((key) => !OF_THE_GATEWAY.includes(key) && isWritten(settings[key]))
    .map((key) => problem([key], 'stands beside tenants, and belongs to one of them: write it in its settings'));
}

function isWritten(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return typeof value === 'object' ? Object.keys(value).length > 0 : true;
}

function repeated(tenants: readonly Member[], field: 'id' | 'port'): Problem[] {
  return tenants.flatMap(({ [field]: value }, i) => {
    const first = tenants.findIndex((other) => other[field] === value);
    if (value === undefined || first === i) return [];
    if (typeof value !== 'string' && typeof value !== 'number') return [];
    const message = `must be unique, got ${JSON.stringify(value)} again (tenants[${first}])`;
    return [problem(['tenants', i, field], message)];
  });
}

function portOfTheGateway({ server }: Member, tenants: readonly Member[]): Problem[] {
  const port = isMapping(server) ? (server.port ?? 8080) : 8080;
  return tenants.flatMap((tenant, i) =>
    tenant.port === port ? [problem(['tenants', i, 'port'], `must not be the gateway's own, got ${port}`)] : [],
  );
}

function sharedDevices(tenants: readonly Member[]): Problem[] {
  const names = tenants.map(({ device }) => (isGpu(device) ? deviceName(device).toLowerCase() : null));
  return names.flatMap((name, i) => {
    const first = names.indexOf(name);
    if (name === null || first === i) return [];
    if (tenants[i]?.shared === true && tenants[first]?.shared === true) return [];
    const device = deviceName(tenants[i]?.device as TenantDevice);
    const [one, other] = [tenants[first]?.id, tenants[i]?.id].map((id) => JSON.stringify(id ?? null));
    const message = `is ${device}, which ${one} has already; if ${one} and ${other} are to share it, both need shared: true`;
    return [problem(['tenants', i, 'device'], message)];
  });
}

function isGpu(device: unknown): device is TenantDevice {
  if (!isMapping(device)) return false;
  return typeof device.gpu === 'number' || typeof device.mig === 'string';
}

function isMapping(value: unknown): value is Member {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function problem(path: (string | number)[], said: string): Problem {
  return { path, message: `${keyName(path)} ${said}` };
}

/** Keys that a tenant's own settings may not have, and where that stands instead. */
const FORBIDDEN: Readonly<Record<string, string>> = {
  dataDir: 'each tenant has tenants/<id> in the data folder of the gateway',
  tenants: 'a tenant has none of its own',
  'server.host': 'the gateway listens; write it in the gateway’s file',
  'server.port': 'write tenants[].port in the gateway’s file for a port of its own',
  'server.tls': 'the gateway speaks TLS; write it in the gateway’s file',
  'server.trustedProxies': 'the gateway hears the proxies; write them in the gateway’s file',
  'log.folder': 'write it in the gateway’s file: each tenant has <id>.log there',
  'log.maxSize': 'write it in the gateway’s file, beside log.folder',
  'log.files': 'write it in the gateway’s file, beside log.folder',
};

/** What a tenant's settings, as they are written, have of the gateway's. */
export function keysOfTheGateway(written: unknown): Problem[] {
  return Object.entries(FORBIDDEN).flatMap(([key, instead]) => {
    const path = key.split('.');
    let value = written;
    for (const step of path) value = isMapping(value) ? value[step] : undefined;
    return value === undefined ? [] : [problem(path, `may not stand in the settings of a tenant: ${instead}`)];
  });
}

/** A network may run on the device of its tenant and nowhere else. */
export function devicesOutside(settings: unknown, device: TenantDevice | undefined): Problem[] {
  if (device === undefined) return [];
  const { models } = (settings ?? {}) as { models?: unknown };
  if (!isMapping(models)) return [];
  const scorers = Array.isArray(models.scorers) ? models.scorers : [];
  const roles: [(string | number)[], unknown][] = [
    [['models', 'detector'], models.detector],
    [['models', 'embedder'], models.embedder],
    ...scorers.map((scorer, i): [(string | number)[], unknown] => [['models', 'scorers', i], scorer]),
  ];
  return roles.flatMap(([path, role]) => {
    const wanted = isMapping(role) ? role.device : undefined;
    if (typeof wanted !== 'string' || isVisible(wanted, device)) return [];
    return [problem([...path, 'device'], `is not the device of the tenant (${deviceName(device)}), got "${wanted}"`)];
  });
}

/** Of the one that it sees, the number is 0. */
function isVisible(wanted: string, device: TenantDevice): boolean {
  if (wanted === 'cpu') return true;
  if (device === 'cpu') return false;
  if (wanted === 'cuda' || wanted === 'cuda:0') return true;
  return 'mig' in device && wanted.toLowerCase() === device.mig.toLowerCase();
}
