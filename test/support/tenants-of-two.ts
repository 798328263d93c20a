import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answered, askAsWritten } from './ask-as-written.ts';
import { eventually } from './eventually.ts';
import { type FacegateProcess, startFacegate } from './facegate-process.ts';
import { freePort } from './free-port.ts';
import { multipart } from './multipart.ts';
import { faceCutOut, pictureAt, WALK } from './people-in-film.ts';

/** In every name that belongs to the second tenant, and in nothing else. */
export const MARK = /quokka/i;
/** Keys; in the environment of the gateway, since that is where one would put them. */
export const SECRETS = {
  OPERATOR_KEY: 'operator-0123456789-0123456789-abcdef',
  ALPHA_KEY: 'alpha-key-0123456789-0123456789-abcd',
  BETA_KEY: 'beta-key-9876543210-9876543210-abcdef',
  BETA_READER: 'beta-reader-9876543210-9876543210-ab',
  BETA_HOOK: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
  BETA_CAMERA: 'beta-camera-password-4711',
} as const;

/** What addresses of one tenant's things are made of. */
export interface Ids {
  readonly subject: string;
  readonly face: string;
  readonly camera: string;
  readonly door: string;
  readonly sink: string;
  readonly key: string;
  readonly event: string;
  readonly unknown: string;
}

export interface TwoTenants extends AsyncDisposable {
  readonly facegate: FacegateProcess;
  readonly folder: string;
  readonly port: number;
  /** Of the second tenant alone. */
  readonly ownPort: number;
  /** Somebody whom the second tenant knows, cut out. */
  readonly face: Buffer;
  /** The second tenant's. */
  readonly ids: Ids;
  as(tenant: 'alpha' | 'beta', method: string, path: string, body?: object): Promise<Answered>;
  /** Another subject of the second tenant, with a face. */
  enrol(name: string): Promise<Pick<Ids, 'subject' | 'face'>>;
}

/** Two tenants that film the same people, behind the real gateway; the second one has something of everything. */
export async function openTwoTenants(): Promise<TwoTenants> {
  await using opening = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'facegate-two-'));
  opening.defer(() => rmSync(folder, { recursive: true, force: true }));
  const ownPort = await freePort();
  const config = join(folder, 'facegate.yaml');
  writeFileSync(config, JSON.stringify(settings(ownPort)));
  const facegate = opening.use(
    await startFacegate(['serve', '--config', config, '--data', join(folder, 'data')], { ...SECRETS }),
  );
  const { port } = facegate;
  const as: TwoTenants['as'] = (tenant, method, path, body) =>
    askAsWritten(port, {
      method,
      path: `/${tenant}${path}`,
      headers: {
        'x-api-key': tenant === 'alpha' ? SECRETS.ALPHA_KEY : SECRETS.BETA_KEY,
        ...(body && { 'content-type': 'application/json' }),
      },
      body: body && JSON.stringify(body),
    });
  const postFace = async (tenant: 'alpha' | 'beta', path: string, picture: Buffer) => {
    const { payload, headers } = await multipart({ image: picture });
    const key = tenant === 'alpha' ? SECRETS.ALPHA_KEY : SECRETS.BETA_KEY;
    const asking = {
      method: 'POST',
      path: `/${tenant}${path}`,
      headers: { ...headers, 'x-api-key': key },
      body: payload,
    };
    // On a machine that is busy with other things a picture may wait for longer than it may.
    const answer = await eventually(
      'the networks take a picture',
      async () => {
        const tried = await askAsWritten(port, asking);
        return tried.status !== 504 && tried.status !== 503 && tried;
      },
      90_000,
    );
    return bodyOf(answer);
  };

  const picture = pictureAt(WALK, 3);
  const { faces } = await postFace('beta', '/detect', picture);
  const face = await faceCutOut(picture, faces);
  const enrol: TwoTenants['enrol'] = async (name) => {
    const subject = bodyOf(await as('beta', 'POST', '/subjects', { name, groups: ['quokka-group'] })).id;
    const added = await postFace('beta', `/subjects/${subject}/faces?force=true`, face);
    return { subject, face: added.templateId };
  };
  const known = await enrol('Quokka Person');
  await as('alpha', 'POST', '/subjects', { name: 'Somebody of alpha' });
  await as('beta', 'POST', '/cameras', {
    id: 'quokka-gate',
    url: 'rtsp://127.0.0.1:9/gate',
    username: 'gate',
    password: SECRETS.BETA_CAMERA,
    enabled: false,
  });
  const key = bodyOf(await as('beta', 'POST', '/keys', { name: 'Quokka key', scopes: ['read'] })).id;
  const event = await eventually(
    'a door of beta has opened, with a picture',
    async () => {
      const { events } = bodyOf(await as('beta', 'GET', '/events?types=access.granted'));
      return events.find((one: { snapshotUrl?: string }) => one.snapshotUrl)?.id;
    },
    90_000,
  );
  const unknown = await eventually(
    'beta has seen somebody unknown',
    async () => bodyOf(await as('beta', 'GET', '/unknowns')).unknowns[0]?.id,
    90_000,
  );
  const ids: Ids = { ...known, camera: 'quokka-cam', door: 'quokka-door', sink: 'quokka-hook', key, event, unknown };
  const opened = opening.move();
  return { facegate, folder, port, ownPort, face, ids, as, enrol, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

// biome-ignore lint/suspicious/noExplicitAny: tests read the JSON as a client would, without our types.
export function bodyOf({ status, text }: Answered): any {
  const at = text.search(/^[[{]/m);
  if (status >= 400 || at < 0) throw new Error(`${status}: ${text}`);
  return JSON.parse(Buffer.from(text.slice(at), 'latin1').toString('utf8'));
}

function settings(ownPort: number): object {
  const requestsPerMinute = 100_000;
  const camera = { url: `file:${WALK}`, realtime: true, loop: true, fps: 2, width: 640 };
  const common = {
    server: { requestsPerMinute },
    models: { processes: 1 },
    events: { snapshots: { keep: 'crop' } },
  };
  return {
    server: { port: 0, requestsPerMinute },
    keys: [{ name: 'operator', key: `\${OPERATOR_KEY}`, scopes: ['admin'] }],
    log: { folder: 'logs', level: 'debug' },
    tenants: [
      {
        id: 'alpha',
        device: 'cpu',
        settings: {
          ...common,
          keys: [{ name: 'boss', key: `\${ALPHA_KEY}`, scopes: ['admin'] }],
          cameras: [{ id: 'front', ...camera }],
          doors: [{ id: 'lobby', cameras: ['front'] }],
          sinks: [{ type: 'file', id: 'journal', path: 'alpha.jsonl' }],
        },
      },
      {
        id: 'beta',
        name: 'Quokka Ltd',
        port: ownPort,
        settings: {
          ...common,
          keys: [
            { name: 'Quokka boss', key: `\${BETA_KEY}`, scopes: ['admin'] },
            { name: 'Quokka wall', key: `\${BETA_READER}`, scopes: ['read'] },
          ],
          gallery: { keepImages: true, unknowns: { keep: '1h', onDisk: true } },
          cameras: [{ id: 'quokka-cam', name: 'Quokka camera', ...camera }],
          doors: [
            {
              id: 'quokka-door',
              name: 'Quokka door',
              cameras: ['quokka-cam'],
              allow: ['Quokka Person'],
              confirm: { matches: 1 },
            },
          ],
          sinks: [
            { type: 'webhook', id: 'quokka-hook', url: 'http://127.0.0.1:9/quokka', secrets: [`\${BETA_HOOK}`] },
            { type: 'file', id: 'quokka-journal', path: 'quokka.jsonl' },
          ],
        },
      },
    ],
  };
}
