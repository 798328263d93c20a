import { z } from 'zod';
import { byteSize, id, text, whole } from './setting-types.ts';

/** What the gateway answers itself: no tenant can have these as its path. */
export const RESERVED_TENANT_IDS: readonly string[] = [
  'health',
  'ready',
  'metrics',
  'tenants',
  'docs',
  'assets',
  'gpus',
  'session',
];

const SLICE =
  /^MIG-([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\/\d{1,3}\/\d{1,3})$/i;
const PROFILE = /^(\d{1,2}c\.)?\d{1,2}g\.\d{1,4}gb(\+[a-z][a-z.]{0,19})?$/;

const DEVICE_FORMS = 'must be cpu, { gpu: 0 }, { mig: MIG-<uuid> } or { mig: 1g.5gb, index: 0 }';

const device = z
  .union(
    [
      z.literal('cpu'),
      z.strictObject({ gpu: whole(0, 63) }),
      z.strictObject({ mig: z.string().regex(SLICE) }),
      z.strictObject({ mig: z.string().regex(PROFILE), index: whole(0, 63).default(0) }),
    ],
    { error: DEVICE_FORMS },
  )
  .meta({ words: '`cpu`, `{ gpu: 0 }`, `{ mig: MIG-<uuid> }`, `{ mig: 1g.5gb, index: 0 }`' });

const limits = z.strictObject({
  cpus: z
    .string()
    .regex(/^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*$/, 'must be processors like "0,2-3"')
    .optional()
    .meta({ words: 'processors like `0,2-3`' })
    .describe('Processors that its processes run on. Default: all.'),
  cpuShare: whole(1, 10_000)
    .optional()
    .describe(
      'Its share where the processor is short, beside 100 for a tenant that says nothing. Exact with cgroups, else roughly, by niceness, and downwards only.',
    ),
  memory: byteSize('128 MiB', '64 TiB')
    .optional()
    .describe(
      'Main memory of all its processes. Past it, it is drained and started anew; with cgroups the kernel holds it to that. Default: no limit.',
    ),
  requestsPerSecond: whole(1, 100_000)
    .optional()
    .describe('Requests a second, whoever makes them. More are answered 429.'),
  concurrentRequests: whole(1, 10_000)
    .optional()
    .describe('Requests that are answered at the same time. More are answered 429.'),
  cameras: whole(0, 10_000).optional().describe('Cameras that it may have.'),
  subjects: whole(0, 100_000_000).optional().describe('Subjects that its gallery may hold.'),
  disk: byteSize('10 MB', '1000 TB').optional().describe('What its data folder may take.'),
});

const tenant = z.strictObject({
  id: id
    .refine((text) => !RESERVED_TENANT_IDS.includes(text), {
      error: `must be none of ${RESERVED_TENANT_IDS.join(', ')}, which are paths of the gateway`,
    })
    .describe(
      'Its path, `/<id>/`, its folder `tenants/<id>` in the data folder, and its name in metrics and logs; unique.',
    ),
  name: text(100).optional().describe('Its name for people. Default: the id.'),
  config: text(4096)
    .optional()
    .describe('Its settings: a file as of a facegate alone, relative to this one. Either this or `settings`.'),
  settings: z
    .record(z.string(), z.unknown(), { error: 'must be a mapping of settings' })
    .optional()
    .meta({ words: 'settings, as of a facegate alone' })
    .describe(
      'Its settings, written here. Neither here nor in `config` may stand what is the gateway’s: `dataDir`, `tenants`, `server.host`, `server.port`, `server.tls`, `server.trustedProxies`, `log.folder`.',
    ),
  device: device
    .optional()
    .describe('The only GPU or slice that its processes see. Default: all that this machine shows.'),
  shared: z
    .boolean()
    .default(false)
    .describe('It may stand on the same GPU or slice as another tenant; both have to say so.'),
  port: whole(1, 65_535)
    .optional()
    .describe('A port of its own beside the path, without the `/<id>`, at the address of `server.host`.'),
  limits: limits.prefault({}),
});

/** Those of the gateway's file; the settings of each one are read by themselves. */
export const tenantsSchema = z.array(tenant).max(200, 'must have at most 200 members').default([]);

export type TenantEntry = z.output<typeof tenant>;
export type TenantDevice = z.output<typeof device>;

/** True where the name of a slice is that of a profile, of which a GPU may have several. */
export function isMigProfile(name: string): boolean {
  return PROFILE.test(name);
}

/** For people and for telling two apart: `cpu`, `GPU 0`, `MIG-…`, `slice 1g.5gb number 0`. */
export function deviceName(device: TenantDevice): string {
  if (device === 'cpu') return 'cpu';
  if ('gpu' in device) return `GPU ${device.gpu}`;
  if (!isMigProfile(device.mig)) return device.mig;
  return `slice ${device.mig} number ${('index' in device && device.index) || 0}`;
}
