import { multipart } from './multipart.ts';
import type { Ids } from './tenants-of-two.ts';

/** One request for each route and method that an OpenAPI document has. */
export interface DescribedRequest {
  /** `GET /cameras/{id}` */
  readonly route: string;
  readonly method: string;
  /** With ids put in; query included. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string | undefined;
  readonly upgrade: boolean;
  /** Whether it asks for a key at all. */
  readonly needsKey: boolean;
  /** Whether its path names something of the tenant. */
  readonly namesSomething: boolean;
}

interface Operation {
  readonly security?: readonly unknown[];
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

interface Schema {
  readonly properties?: Readonly<Record<string, unknown>>;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface Fillings {
  readonly ids: Ids;
  /** A face in JPEG. */
  readonly face: Buffer;
  /** A subject's name, where that is what tells which one. */
  readonly known: string;
  /** What one logs in with. */
  readonly key: string;
  /** For what is made; nobody has it yet. */
  readonly name: string;
}

/** @throws Error for a route whose parameters or body nobody has said how to fill. */
export async function describedRequests({ paths }: OpenApi, fillings: Fillings): Promise<DescribedRequest[]> {
  const made: DescribedRequest[] = [];
  for (const [pattern, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const route = `${method.toUpperCase()} ${pattern}`;
      const { headers, body } = await bodyFor(route, operation, fillings);
      made.push({
        route,
        method: method.toUpperCase(),
        path:
          pattern.replaceAll(/\{(\w+)\}/g, (_, name) => idFor(pattern, name, fillings)) +
          queryFor(operation, fillings, method !== 'post'),
        headers,
        body,
        upgrade: pattern.startsWith('/ws/'),
        needsKey: (operation.security?.length ?? 0) > 0,
        namesSomething: pattern.includes('{') && !pattern.includes('{step}'),
      });
    }
  }
  return made;
}

function idFor(pattern: string, name: string, { ids, known }: Fillings): string {
  const first = /^\/(\w+)/.exec(pattern)?.[1];
  if (name === 'step') return 'blur';
  if (name === 'camera') return ids.camera;
  if (name === 'face' || name === 'image_id') return ids.face;
  // CompreFace's subjects are names.
  if (name === 'subject') return encodeURIComponent(known);
  const of: Record<string, string> = {
    cameras: ids.camera,
    subjects: ids.subject,
    unknowns: ids.unknown,
    doors: ids.door,
    events: ids.event,
    sinks: ids.sink,
    keys: ids.key,
    tenants: 'beta',
  };
  const id = of[first ?? ''];
  if (id === undefined) throw new Error(`nobody has said what {${name}} of ${pattern} is`);
  return id;
}

/** Only those that choose among what a tenant has. */
function queryFor({ parameters = [] }: Operation, { ids, name, known }: Fillings, asks: boolean): string {
  const subject = asks ? known : name;
  // From the first event on: what happens later would have to be waited for.
  const values: Record<string, string> = {
    camera: ids.camera,
    doors: ids.door,
    group: 'quokka-group',
    subject,
    since: '0',
    force: 'true',
  };
  const query = new URLSearchParams();
  for (const { in: where, name: key } of parameters) {
    const value = values[key];
    if (where === 'query' && value !== undefined) query.set(key, value);
  }
  return query.size > 0 ? `?${query}` : '';
}

async function bodyFor(
  route: string,
  operation: Operation,
  { ids, face, key, name }: Fillings,
): Promise<Pick<DescribedRequest, 'headers' | 'body'>> {
  const content = operation.requestBody?.content;
  if (!content) return { headers: {}, body: undefined };
  const form = content['multipart/form-data'];
  if (form) {
    const files = Object.keys(form.schema.properties ?? {}).map((part) => [part, face] as const);
    const { payload, headers } = await multipart(Object.fromEntries(files));
    return { headers, body: payload };
  }
  const url = 'rtsp://127.0.0.1:9/none';
  const embeddings = [[1, ...Array.from({ length: 127 }, () => 0)]];
  const bodies: Record<string, unknown> = {
    'POST /cameras': { id: name.toLowerCase().replaceAll(/\W/g, '-'), url, enabled: false },
    'PATCH /cameras/{id}': { name },
    'POST /cameras/probe': { url: 'test:' },
    'POST /subjects': { name },
    'PATCH /subjects/{id}': { notes: name },
    'POST /search': { embeddings },
    'POST /unknowns/{id}/subject': { name },
    'POST /doors/lockdown': { active: false },
    'POST /doors/{id}/lockdown': { active: false },
    'POST /doors/{id}/unlock': { reason: name },
    'POST /sinks/{id}/resend': { ids: 'all' },
    'POST /session': { key },
    'POST /keys': { name, scopes: ['read'] },
    'POST /api/v1/recognition/subjects': { subject: name },
    'PUT /api/v1/recognition/subjects/{subject}': { subject: `${name}, renamed` },
    'POST /api/v1/recognition/faces/delete': [ids.face],
    'POST /api/v1/recognition/embeddings/recognize': { embeddings },
    'POST /api/v1/verification/embeddings/verify': { source: embeddings[0], targets: embeddings },
  };
  const body = bodies[route];
  if (body === undefined) throw new Error(`nobody has said what to send to ${route}`);
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
