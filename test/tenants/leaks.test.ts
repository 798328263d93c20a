import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Answered, askAsWritten } from '../support/ask-as-written.ts';
import { descendantsOf } from '../support/child-processes.ts';
import { type DescribedRequest, describedRequests } from '../support/described-requests.ts';
import { eventually } from '../support/eventually.ts';
import { requirement } from '../support/requirements.ts';
import { bodyOf, type Ids, MARK, openTwoTenants, SECRETS, type TwoTenants } from '../support/tenants-of-two.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** Who asks, and how. `status`: what everything that needs a key is answered. */
interface Attempt {
  readonly as: string;
  readonly path: (path: string) => string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly port?: number;
}

describe.skipIf(!requirement('shared').met || !requirement('ffmpeg').met || process.platform !== 'linux')(
  'of what one tenant has another learns nothing',
  () => {
    let two: TwoTenants;
    let requests: DescribedRequest[];
    let before: unknown;
    const alphaCookie = { value: '' };

    beforeAll(async () => {
      two = await openTwoTenants();
      const document = bodyOf(await two.as('beta', 'GET', '/openapi.json'));
      requests = await describedRequests(document, {
        ...two,
        known: 'Quokka Person',
        key: SECRETS.ALPHA_KEY,
        name: 'Somebody else',
      });
      const login = await two.as('alpha', 'POST', '/session', { key: SECRETS.ALPHA_KEY });
      alphaCookie.value = /facegate_session_alpha=([^;]+)/.exec(login.text)?.[1] ?? '';
      expect(alphaCookie.value).toMatch(/.{20}/);
      before = await whatBetaHas(two);
    });
    afterAll(() => two?.[Symbol.asyncDispose]());

    it('is tried on every route that its API describes', () => {
      expect(requests.length).toBeGreaterThan(60);
      expect(requests.filter(({ upgrade }) => upgrade)).toHaveLength(3);
      expect(requests.filter(({ namesSomething }) => namesSomething).length).toBeGreaterThan(20);
    });

    it('with the key or the session of another, the operator’s key, or none', async () => {
      const { ALPHA_KEY, OPERATOR_KEY } = SECRETS;
      const beta = (path: string) => `/beta${path}`;
      const own = { path: (path: string) => path, port: two.ownPort };
      const cookie = alphaCookie.value;
      const attempts: Attempt[] = [
        { as: 'nobody', path: beta },
        { as: 'alpha, bearer', path: beta, headers: { authorization: `Bearer ${ALPHA_KEY}` } },
        { as: 'alpha, x-api-key', path: beta, headers: { 'x-api-key': ALPHA_KEY } },
        { as: 'the operator', path: beta, headers: { authorization: `Bearer ${OPERATOR_KEY}` } },
        { as: 'alpha’s session', path: beta, headers: { cookie: `facegate_session_alpha=${cookie}` } },
        {
          as: 'alpha’s session, renamed',
          path: beta,
          headers: { cookie: `facegate_session_beta=${cookie}; facegate_session=${cookie}` },
        },
        {
          as: 'this machine, it says',
          path: beta,
          headers: {
            host: 'localhost',
            'x-forwarded-for': '127.0.0.1',
            forwarded: 'for=127.0.0.1',
            'x-real-ip': '127.0.0.1',
          },
        },
        {
          as: 'under alpha’s prefix, it says',
          path: beta,
          headers: { 'x-api-key': ALPHA_KEY, 'x-forwarded-prefix': '/alpha', 'x-forwarded-host': 'alpha' },
        },
        { as: 'alpha on beta’s own port', ...own, headers: { 'x-api-key': ALPHA_KEY } },
        { as: 'alpha’s session on beta’s own port', ...own, headers: { cookie: `facegate_session_beta=${cookie}` } },
        {
          as: 'alpha’s name on beta’s own port',
          ...own,
          headers: { host: 'alpha', 'x-api-key': ALPHA_KEY, 'x-forwarded-prefix': '/alpha' },
        },
      ];
      const leaks: string[] = [];
      for (const attempt of attempts) {
        for (const request of requests) {
          const answer = await send(two, request, attempt);
          const told = whatIsTold(request, answer);
          // CompreFace has answers of its own for a key that is missing or unknown.
          const isRefused = request.route.includes('/api/v1/')
            ? answer.status === 400 || answer.status === 404
            : answer.status === 401 ||
              !(request.needsKey || request.route === 'POST /session') ||
              // Whoever tries too many keys waits.
              (request.route === 'POST /session' && answer.status === 429);
          if (told || !isRefused) leaks.push(`${attempt.as}: ${request.route} → ${answer.status} ${told ?? ''}`);
        }
      }
      expect(leaks).toEqual([]);
      expect(await whatBetaHas(two)).toEqual(before);
    });

    it('by addresses that lead out of what is one’s own', async () => {
      const { port } = two;
      const headers = { 'x-api-key': SECRETS.ALPHA_KEY };
      const ways: ((path: string) => string)[] = [
        (path) => `/alpha/../beta${path}`,
        (path) => `/alpha/%2e%2e/beta${path}`,
        (path) => `/alpha/.%2E/beta${path}`,
        (path) => `/alpha/%252e%252e/beta${path}`,
        (path) => `/alpha/x/../../beta${path}`,
        (path) => `/alpha//beta${path}`,
        (path) => `/alpha/beta${path}`,
        (path) => `//beta${path}`,
        (path) => `/alpha/..%2fbeta${path}`,
        (path) => `/alpha%2f..%2fbeta${path}`,
        (path) => `/alpha/..%5cbeta${path}`,
        (path) => `/alpha\\..\\beta${path}`,
        (path) => `/alpha?/../beta${path}`,
        (path) => `/alpha;/../beta${path}`,
        (path) => `/./beta${path}`,
        (path) => `/%62eta${path}`,
        (path) => `/BETA${path}`,
        (path) => `/beta.${path}`,
        (path) => `/beta%00${path}`,
        (path) => `/beta%20${path}`,
        (path) => `/beta;alpha${path}`,
        (path) => `/beta/../alpha/../beta${path}`,
        (path) => `http://127.0.0.1:${port}/beta${path}`,
        (path) => `http://alpha/beta${path}`,
        (path) => `beta${path}`,
      ];
      const leaks: string[] = [];
      for (const path of ways) {
        for (const request of requests) {
          const answer = await send(two, request, { as: 'alpha', path, headers });
          const told = whatIsTold(request, answer);
          // A WebSocket of an address that is not there opens, and says nothing but that.
          if (told || (answer.status < 300 && !request.upgrade))
            leaks.push(`${path(request.path)}: ${answer.status} ${told ?? ''}`);
        }
      }
      expect(leaks).toEqual([]);
      expect(await whatBetaHas(two)).toEqual(before);
    });

    it('by its ids, names and pictures, or by saying that one is it', async () => {
      const alpha = (path: string) => `/alpha${path}`;
      const key = { 'x-api-key': SECRETS.ALPHA_KEY };
      const claims = {
        host: 'beta',
        forwarded: 'host=beta',
        'x-forwarded-host': 'beta',
        'x-forwarded-prefix': '/beta',
        'x-original-url': '/beta/subjects',
        'x-rewrite-url': '/beta/subjects',
        'x-tenant': 'beta',
      };
      const attempts: Attempt[] = [
        { as: 'alpha', path: alpha, headers: key },
        { as: 'alpha, who says it is beta', path: alpha, headers: { ...key, ...claims } },
      ];
      const leaks: string[] = [];
      for (const attempt of attempts) {
        for (const request of requests) {
          const answer = await send(two, request, attempt);
          const told = whatIsTold(request, answer);
          // CompreFace answers what is not there with what it did: nothing.
          const isThere = request.namesSomething && answer.status < 400 && !request.route.includes('/api/v1/');
          if (told || isThere) leaks.push(`${attempt.as}: ${request.route} → ${answer.status} ${told ?? ''}`);
        }
      }
      expect(leaks).toEqual([]);
      expect(await whatBetaHas(two)).toEqual(before);
    });

    it('by the metrics: each has its own lines, the operator has all', async () => {
      const ask = (path: string, key: string) =>
        askAsWritten(two.port, { method: 'GET', path, headers: { 'x-api-key': key } });
      const alpha = await ask('/alpha/metrics', SECRETS.ALPHA_KEY);
      expect(alpha.text).toContain('tenant="alpha"');
      expect(alpha.text).not.toMatch(/tenant="(?!alpha")|beta|quokka/i);
      const beta = await ask('/beta/metrics', SECRETS.BETA_KEY);
      expect(beta.text).toContain('camera="quokka-cam"');
      expect(beta.text).not.toMatch(/tenant="(?!beta")|alpha/);
      const all = await ask('/metrics', SECRETS.OPERATOR_KEY);
      expect([all.text.includes('tenant="alpha"'), all.text.includes('camera="quokka-cam"')]).toEqual([true, true]);
    });

    it('by the gateway’s own routes, which no tenant’s key opens', async () => {
      const { port } = two;
      const document = bodyOf(await askAsWritten(port, { method: 'GET', path: '/openapi.json' }));
      const own = await describedRequests(document, { ...two, known: '', key: '', name: '' });
      expect(own.filter(({ needsKey }) => needsKey).length).toBeGreaterThanOrEqual(5);
      own.push({ ...(own[0] as DescribedRequest), route: 'GET /', path: '/', method: 'GET', needsKey: false });
      for (const request of own) {
        for (const key of [SECRETS.ALPHA_KEY, SECRETS.BETA_KEY, null]) {
          const headers: Record<string, string> = key === null ? {} : { 'x-api-key': key };
          const { status, text } = await send(two, request, { as: 'alpha', path: (path) => path, headers });
          if (request.needsKey) expect([request.route, status]).toEqual([request.route, 401]);
          expect([request.route, text.replaceAll('/tenants/beta', '')]).toEqual([
            request.route,
            expect.not.stringMatching(/quokka|\bbeta\b|\balpha\b/i),
          ]);
        }
      }
      const list = await askAsWritten(port, {
        method: 'GET',
        path: '/tenants',
        headers: { 'x-api-key': SECRETS.OPERATOR_KEY },
      });
      expect(bodyOf(list).tenants.map(({ id, name }: { id: string; name: string }) => [id, name])).toEqual([
        ['alpha', 'alpha'],
        ['beta', 'Quokka Ltd'],
      ]);
    });

    it.each([
      ['file:{beta}/gallery.db'],
      ['FILE:{beta}/gallery.key'],
      [' file:{beta}/gallery.key'],
      ['file:tenants/beta/gallery.key'],
      ['file://{beta}/snapshots/1'],
      ['{beta}/gallery.key'],
      ['webcam:/dev/../{beta}/gallery.key'],
      ['webcam:/dev/video0'],
      ['webcam:'],
      ['concat:{beta}/gallery.key|{beta}/gallery.key'],
      ['subfile,,start,0,end,32,,:{beta}/gallery.key'],
      ['data:text/plain,x'],
      ['unix:{run}/beta.sock'],
      ['http+unix://{run}/beta.sock'],
      ['pipe:0'],
    ])('by a camera at %s', async (template) => {
      const url = template
        .replaceAll('{beta}', `${two.folder}/data/tenants/beta`)
        .replaceAll('{run}', `${two.folder}/data/run`);
      const camera = { id: 'peephole', url };
      for (const [method, path, body] of [
        ['POST', '/cameras', camera],
        ['POST', '/cameras', { id: 'peephole', url: 'rtsp://127.0.0.1:9/', failover: [url] }],
        ['POST', '/cameras/probe', { url }],
        [
          'POST',
          '/cameras',
          { id: 'peephole', url: 'rtsps://127.0.0.1:9/', tls: { ca: `${two.folder}/data/tenants/beta/gallery.key` } },
        ],
        [
          'POST',
          '/cameras',
          {
            id: 'peephole',
            url: 'rtsp://127.0.0.1:9/',
            username: 'a',
            passwordFile: `${two.folder}/data/tenants/beta/gallery.key`,
          },
        ],
      ] as const) {
        const { status, text } = await two.as('alpha', method, path, body);
        expect([path, status, text]).toEqual([path, 400, expect.stringMatching(/SOURCE_URL_INVALID|REQUEST_INVALID/)]);
      }
    });

    it('by files: folders, sockets and logs are nobody else’s, and no secret stands where another process looks', async () => {
      const views = await askAsWritten(two.port, {
        method: 'GET',
        path: '/tenants',
        headers: { 'x-api-key': SECRETS.OPERATOR_KEY },
      });
      const { tenants } = bodyOf(views) as { tenants: { id: string; pid: number }[] };
      const modes = filesBelow(two.folder)
        .filter((file) => !/^(?:film\.mp4|facegate\.yaml|data\/models\/?.*)$/.test(file))
        // Node makes it as the umask says; nobody gets through the folder that it is in.
        .filter((file) => !/\/code-cache\/./.test(file))
        .map((file) => {
          const found = lstatSync(join(two.folder, file));
          return [file, (found.mode & 0o777).toString(8), found.isDirectory() ? '700' : '600'];
        });
      expect(modes.filter(([, mode, wanted]) => mode !== wanted)).toEqual([]);
      expect(modes.map(([file]) => file)).toEqual(
        expect.arrayContaining([
          'data/tenants/alpha/events.db',
          'data/tenants/alpha/code-cache',
          'data/tenants/beta/gallery.key',
          'data/run/beta.sock',
          'logs/alpha.log',
        ]),
      );
      for (const { id, pid } of tenants) {
        for (const each of [pid, ...descendantsOf(pid)]) {
          const environment = readFileSync(`/proc/${each}/environ`, 'utf8');
          const said = environment + readFileSync(`/proc/${each}/cmdline`, 'utf8');
          expect(Object.values(SECRETS).filter((secret) => said.includes(secret))).toEqual([]);
          expect(said).not.toContain(id === 'alpha' ? 'tenants/beta' : 'tenants/alpha');
          const visible = environment.split('\0').find((line) => line.startsWith('CUDA_VISIBLE_DEVICES='));
          const program = readFileSync(`/proc/${each}/comm`, 'utf8').trim();
          // A shell that ends an ffmpeg whose server was killed has no environment at all.
          if (id === 'alpha' && program !== 'sh')
            expect([program, visible]).toEqual([program, 'CUDA_VISIBLE_DEVICES=']);
          const open = openFiles(each);
          expect(open.filter((file) => file.includes(`tenants/${id === 'alpha' ? 'beta' : 'alpha'}/`))).toEqual([]);
        }
        expect(openFiles(pid).some((file) => file.includes(`tenants/${id}/`))).toBe(true);
        const log = readFileSync(join(two.folder, `logs/${id}.log`), 'utf8');
        expect(log.split('\n').filter((line) => line !== '' && JSON.parse(line).tenant !== id)).toEqual([]);
        expect(Object.values(SECRETS).filter((secret) => log.includes(secret))).toEqual([]);
      }
      // What it was asked for stands there; what of it there is does not.
      expect(readFileSync(join(two.folder, 'logs/alpha.log'), 'utf8')).not.toMatch(
        /quokka (?:ltd|boss|wall|camera|door)|tenants\/beta/i,
      );
      expect(readFileSync(join(two.folder, 'logs/beta.log'), 'utf8')).toMatch(MARK);
    });

    // Last: it leaves little of what beta had.
    it('while with its own key each of these requests is answered', { timeout: 180_000 }, async () => {
      const order = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
      const answered: string[] = [];
      const telling: string[] = [];
      const sorted = requests.toSorted((a, b) => order.indexOf(a.method) - order.indexOf(b.method));
      const document = bodyOf(await two.as('beta', 'GET', '/openapi.json'));
      for (const [i, { route, method }] of sorted.entries()) {
        const own = method === 'GET' ? two.ids : await anew(two, i, route);
        const all = await describedRequests(document, {
          ...two,
          ids: own,
          known: method === 'GET' ? 'Quokka Person' : `Quokka ${i}`,
          key: SECRETS.BETA_KEY,
          name: `Quokka made ${i}`,
        });
        const request = all.find((one) => one.route === route) as DescribedRequest;
        const key = { 'x-api-key': SECRETS.BETA_KEY };
        const ask = () => send(two, request, { as: 'beta', path: (path) => `/beta${path}`, headers: key });
        let answer = await ask();
        // Strangers have tried to log in before, and there are so many tries in a minute.
        while (answer.status === 429) {
          await wait(1000 * Number(answer.headers['retry-after']));
          answer = await ask();
        }
        if (answer.status >= 400) answered.push(`${route} → ${answer.status} ${answer.text.slice(-200)}`);
        if (MARK.test(answer.text)) telling.push(route);
      }
      expect(answered).toEqual([]);
      expect(telling).toEqual(
        expect.arrayContaining([
          'GET /cameras',
          'GET /subjects/{id}',
          'GET /events',
          'GET /events/stream',
          'GET /ws/live',
          'GET /ws/events',
          'GET /metrics',
          'GET /api/v1/recognition/faces',
          'POST /recognize',
        ]),
      );
    });
  },
);

function send({ port }: TwoTenants, request: DescribedRequest, attempt: Attempt): Promise<Answered> {
  const { method, path, body, upgrade, headers } = request;
  return askAsWritten(attempt.port ?? port, {
    method,
    path: attempt.path(path),
    body,
    upgrade,
    headers: { ...headers, ...attempt.headers },
  });
}

/** Anything of beta in an answer, but for what the request itself had named. */
function whatIsTold({ route, path, body }: DescribedRequest, { text }: Answered): string | null {
  const named: string[] =
    [decodeURIComponent(path), path, String(body ?? '')].join('\n').match(/[\w-]*quokka[\w-]*(?: Person)?/gi) ?? [];
  // Whoever is to log in is told where.
  if (route === 'GET /session') named.push('Quokka Ltd');
  const rest = named.reduce((all, name) => all.replaceAll(name, '…'), text);
  const at = rest.search(MARK);
  if (at >= 0) return rest.slice(Math.max(0, at - 60), at + 60);
  return Object.values(SECRETS).find((secret) => rest.includes(secret)) ?? null;
}

/** What must be as it was. */
async function whatBetaHas({ as, ids }: TwoTenants): Promise<unknown> {
  const get = async (path: string) => bodyOf(await as('beta', 'GET', path));
  const { entries } = await get('/audit?limit=1000');
  const { cameras } = await get('/cameras');
  const { keys } = await get('/keys');
  const { doors } = await get('/doors');
  const { sinks } = await get('/sinks');
  const { subjects } = await get('/subjects');
  return {
    subjects: subjects.map(({ id, name, groups, notes, templates }: Record<string, unknown>) => [
      id,
      name,
      groups,
      notes,
      templates,
    ]),
    faces: await get(`/subjects/${ids.subject}/faces`),
    groups: await get('/groups'),
    cameras: cameras.map(({ id, name, url, enabled }: Record<string, unknown>) => [id, name, url, enabled]),
    keys: keys.map(({ id, name, scopes }: Record<string, unknown>) => [id, name, scopes]),
    doors: doors.map(({ id, lockdown }: Record<string, unknown>) => [id, lockdown]),
    sinks: sinks.map(({ id }: Record<string, unknown>) => id),
    // Nothing was even tried under beta’s name: its audit log has nothing new.
    audit: entries.length,
  };
}

/** Things of beta that a request may change or take away. */
async function anew(two: TwoTenants, i: number, route: string): Promise<Ids> {
  if (!route.includes('{')) return two.ids;
  const { subject, face } = /subject|face/.test(route) ? await two.enrol(`Quokka ${i}`) : two.ids;
  const camera = `quokka-${i}`;
  await two.as('beta', 'POST', '/cameras', { id: camera, url: 'rtsp://127.0.0.1:9/', enabled: false });
  const key = bodyOf(await two.as('beta', 'POST', '/keys', { name: `Quokka ${i}`, scopes: ['read'] })).id;
  const unknown = route.includes('/unknowns/')
    ? await eventually(
        'somebody unknown is there',
        async () => bodyOf(await two.as('beta', 'GET', '/unknowns')).unknowns[0]?.id,
      )
    : two.ids.unknown;
  return { ...two.ids, subject, face, camera, key, unknown };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' });
}

/** Paths of what a process has open, where they can be read. */
function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}
