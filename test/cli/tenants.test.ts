import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestGateway, type TestGateway } from '../support/open-test-gateway.ts';

const main = resolve(import.meta.dirname, '../../cli/main.ts');
const ADMIN = 'operator-admin-key-0123456789';
const READER = 'operator-reader-key-0123456789';
let gateway: TestGateway;
let file: string;

function tenants(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: gateway.folder,
    FACEGATE_HOME: gateway.folder,
    GATE_KEY: READER,
    ADMIN_KEY: ADMIN,
  };
  return new Promise((done) => {
    execFile(process.execPath, [main, 'tenants', ...args], { cwd: gateway.folder, env }, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
    });
  });
}

beforeAll(async () => {
  gateway = await openTestGateway({
    settings: {
      keys: [
        { name: 'prometheus', key: READER, scopes: ['read'] },
        { name: 'boss', key: ADMIN, scopes: ['admin'] },
      ],
    },
  });
  gateway.directory.set('attendance', { socketPath: '/nowhere', view: { memoryBytes: 412_000_000 } });
  const problem = { code: 'CONFIG_INVALID', message: 'cameras[0].fps must be between 1 and 60, got 0' };
  gateway.directory.set('access', {
    socketPath: '/nowhere',
    view: { state: 'refused', problem, pid: null, memoryBytes: null, startedAt: null, restarts: 2 },
  });
  file = join(gateway.folder, 'facegate.yaml');
  writeFileSync(
    file,
    `server: { port: ${gateway.port} }\nkeys:\n  - { name: prometheus, key: "\${GATE_KEY}", scopes: [read] }\n` +
      `  - { name: boss, key: "\${ADMIN_KEY}", scopes: [admin] }\n` +
      'tenants:\n  - { id: attendance, settings: { cameras: [] } }\n  - { id: access, settings: { cameras: [] } }\n',
  );
});
afterAll(() => gateway.close());

describe('facegate tenants', () => {
  it('list shows the tenants of the gateway of the settings, and what is wrong', async () => {
    const { code, out, err } = await tenants('list', '-c', file);
    expect([code, out]).toEqual([
      0,
      'ID          STATE    DEVICE  PID   MEMORY    RESTARTS  SINCE\n' +
        'attendance  ready    cpu     4711  412.0 MB  0         2026-11-21T09:00:00.000Z\n' +
        'access      refused  cpu     –     –         2         –\n',
    ]);
    expect(err).toBe('access: cameras[0].fps must be between 1 and 60, got 0 (CONFIG_INVALID)\n');
  });

  it('list asks where --url says, with a key from the environment, and prints JSON', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what one types.
    const { code, out } = await tenants('list', '--url', gateway.address, '--key', '${GATE_KEY}', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(gateway.directory.list().map((tenant) => tenant.view()));
  });

  it('restart takes the key that may, and says where a tenant is not ready, as before', async () => {
    expect(await tenants('restart', 'access', '-c', file)).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringMatching(
        /^access is not ready again after [\d.]+ s \(refused: cameras\[0\]\.fps must be between 1 and 60, got 0\)\n$/,
      ),
    });
    expect(gateway.directory.restarted).toEqual(['access']);
  });

  it('restart --all goes from one to the next when that one is ready again, and no further', async () => {
    const { directory } = gateway;
    directory.restarted.length = 0;
    const seen: string[][] = [];
    directory.onRestart = (id) => {
      directory.set(id, { socketPath: '/nowhere', view: { state: 'starting', pid: 4712 } });
      setTimeout(() => {
        seen.push([...directory.restarted]);
        directory.set(id, { socketPath: '/nowhere', view: { state: 'ready', pid: 4712 } });
      }, 500);
    };
    const all = await tenants('restart', '--all', '-c', file);
    expect([all.code, seen]).toEqual([0, [['attendance'], ['attendance', 'access']]]);
    expect(all.err).toMatch(/^attendance is ready again after [\d.]+ s\naccess is ready again after [\d.]+ s\n$/);

    directory.restarted.length = 0;
    directory.onRestart = (id) => {
      directory.set(id, { socketPath: '/nowhere', view: { state: 'crash_loop', pid: null } });
    };
    const stuck = await tenants('restart', '--all', '-c', file);
    expect([stuck.code, directory.restarted]).toEqual([1, ['attendance']]);
    expect(stuck.err).toContain('attendance is not ready again');
  });

  it.each([
    ['a key that may not', ['restart', 'access', '--key', READER], 1, 'this needs a key with the scope "admin"'],
    ['no key', ['list'], 1, 'this needs a valid key'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what one types.
    ['a variable that is not set', ['list', '--key', '${NONE}'], 78, 'NONE, which is not set'],
    ['nobody', ['restart', 'nobody', '--key', ADMIN], 1, 'there is no tenant'],
    ['what is no id', ['restart', '../health', '--key', ADMIN], 1, 'there is no tenant "../health"'],
    ['no tenant', ['restart', '--key', ADMIN], 2, 'facegate tenants restart takes one tenant, or --all'],
    ['one and all', ['restart', 'access', '--all', '--key', ADMIN], 2, 'takes one tenant, or --all'],
  ])('says so for %s', async (_what, args, code, said) => {
    const answer = await tenants(...args, '--url', gateway.address);
    expect([answer.code, answer.out]).toEqual([code, '']);
    expect(answer.err).toContain(said);
    expect(answer.err).not.toContain(READER);
  });

  it('says so where the settings have one tenant, which needs no gateway', async () => {
    const one = join(gateway.folder, 'one.yaml');
    writeFileSync(one, 'tenants: [{ id: only, settings: {} }]\n');
    const { code, err } = await tenants('list', '-c', one);
    expect([code, err]).toEqual([2, `facegate: ${one} has one tenant, "only", which runs without a gateway to ask\n`]);
  });

  it('says so where no gateway is, or something else', async () => {
    const other = createServer((_request, response) => response.end('<h1>hello</h1>')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const elsewhere = await tenants('list', '--url', `http://ada:secret@127.0.0.1:${port}`);
    const plain = await tenants('list', '--url', `http://127.0.0.1:${port}`);
    other.close();
    const nobody = await tenants('list', '--url', `http://127.0.0.1:${port}`);
    expect([plain.code, nobody.code]).toEqual([2, 2]);
    expect(plain.err).toContain('is no gateway');
    expect(nobody.err).toContain('ECONNREFUSED');
    expect([elsewhere.code, elsewhere.err]).toEqual([
      2,
      'facegate: --url takes no user name and password; a gateway wants a key: --key\n',
    ]);
    expect((await tenants('list', '--url', 'gate')).err).toContain('--url must be an address like');
  });
});
