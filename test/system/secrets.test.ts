import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CameraView } from '../../server/server-parts.ts';
import { eventually } from '../support/eventually.ts';
import { type FacegateProcess, startFacegate } from '../support/facegate-process.ts';
import { FaultRtspServer } from '../support/fault-rtsp-server.ts';
import { freePort } from '../support/free-port.ts';
import { h264Video } from '../support/h264-video.ts';
import { requirement } from '../support/requirements.ts';

/** Each stands for a password in another place. All hold characters that are written in several ways. */
const CANARY = {
  inUrl: 'c@nary/0ne',
  beside: "c@nary/tw'o",
  inFile: 'c@nary/thr33',
  wrong: 'c@nary/f0ur',
  unreachable: 'c@nary/f1ve',
  inQuery: 'c@nary/s1x',
  overHttp: 'c@nary/s3ven',
  probed: 'c@nary/e1ght',
  fromEnvironment: 'c@nary/n1ne',
  redirected: 'c@nary/t3n',
  further: 'c@nary/el3ven',
};

/** As a secret may be written down: as it is, percent-encoded in two ways and twice, in JSON, as HTTP's Basic has it. */
function writings(secret: string): string[] {
  const encoded = encodeURIComponent(secret);
  const every = [...Buffer.from(secret)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  return [
    secret,
    encoded,
    encoded.toLowerCase(),
    encodeURIComponent(encoded),
    every,
    every.toUpperCase(),
    JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/'),
    Buffer.from(`joe:${secret}`).toString('base64'),
    Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1),
  ];
}

describe.skipIf(!requirement('ffmpeg').met || process.platform !== 'linux')('the password of a camera', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-secrets-'));
  const data = join(folder, 'data');
  const servers: FaultRtspServer[] = [];
  let facegate: FacegateProcess;
  const seen: { where: string; text: string }[] = [];
  const keep = (where: string, text: string) => seen.push({ where, text });

  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(facegate.address + path, init);
    const text = await response.text();
    keep(`${init?.method ?? 'GET'} ${path}`, `${JSON.stringify([...response.headers])}\n${text}`);
    return text;
  };
  const post = (path: string, body: unknown) =>
    ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

  /** The command line of every process of this machine: what `ps` shows to all of its users. */
  const lookAtProcesses = () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        keep(`the command line of ${pid}`, readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
      } catch {
        // It ended meanwhile.
      }
    }
  };

  beforeAll(async () => {
    const video = h264Video();
    const serve = async (password: string) => {
      const server = await FaultRtspServer.start({ video, credentials: { user: 'joe', password } });
      servers.push(server);
      return server;
    };
    const urlOf = async (password: string) => (await serve(password)).url({ user: 'joe', password });
    const encoded = encodeURIComponent;
    const redirecting = await FaultRtspServer.start({ video, fault: 'redirect', redirectTo: 'rtsp://127.0.0.2/x' });
    servers.push(redirecting);
    writeFileSync(join(folder, 'password'), `${CANARY.inFile}\n`);
    const nobody = await freePort();
    const cameras = [
      { id: 'in-url', url: await urlOf(CANARY.inUrl) },
      { id: 'beside', url: (await serve(CANARY.beside)).url(), username: 'joe', password: CANARY.beside },
      { id: 'in-file', url: (await serve(CANARY.inFile)).url(), username: 'joe', passwordFile: 'password' },
      { id: 'wrong', url: (await serve('another')).url({ user: 'joe', password: CANARY.wrong }) },
      { id: 'unreachable', url: `rtsp://joe:${encoded(CANARY.unreachable)}@127.0.0.1:${nobody}/cam` },
      { id: 'in-query', url: `http://127.0.0.1:${nobody}/mjpg?user=joe&password=${encoded(CANARY.inQuery)}` },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the settings' own way to name a variable.
      { id: 'environment', url: (await serve(CANARY.fromEnvironment)).url(), username: 'joe', password: '${CANARY}' },
      { id: 'redirected', url: redirecting.url({ user: 'joe', password: CANARY.redirected }) },
      {
        id: 'further',
        url: `rtsp://joe:${encoded(CANARY.further)}@127.0.0.1:${nobody}/cam`,
        failover: [await urlOf(CANARY.further)],
      },
    ];
    const config = join(folder, 'facegate.yaml');
    writeFileSync(config, JSON.stringify({ server: { port: 0 }, cameras }));
    facegate = await startFacegate(['serve', '--config', config, '--data', data, '--log-level', 'debug'], {
      CANARY: CANARY.fromEnvironment,
    });
    const added = await post('/cameras', { id: 'over-http', url: await urlOf(CANARY.overHttp) });
    expect(JSON.parse(added)).toMatchObject({ id: 'over-http' });
    await post('/cameras/probe', { url: await urlOf(CANARY.probed) });
    await post('/cameras/probe', { url: `rtsp://joe:${encoded(CANARY.probed)}@127.0.0.1:${nobody}/cam` });
    await post('/cameras/probe', { url: `ftp://joe:${CANARY.probed}@h/x` });
    await post('/cameras', { id: 'Not An Id', url: `rtsp://joe:${encoded(CANARY.probed)}@h/x`, fps: 1000 });
  });
  afterAll(async () => {
    await facegate?.stop();
    await Promise.all(servers.map((server) => server.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  it('lets the cameras in that it belongs to', async () => {
    await eventually('six cameras run, and the others say why not', async () => {
      lookAtProcesses();
      const { cameras } = JSON.parse(await ask('/cameras')) as { cameras: CameraView[] };
      const running = cameras.filter(({ state }) => state === 'running').map(({ id }) => id);
      const refused = cameras.filter(({ code }) => code !== null);
      return running.length === 6 && refused.length === 4;
    });
  });

  it('stands in no process list, log, error, answer, metric or database', async () => {
    for (const path of ['/ready', '/metrics', '/events?since=0', '/openapi.json', '/cameras/in-url', '/nowhere'])
      await ask(path);
    lookAtProcesses();
    await facegate.stop();
    keep('the log', facegate.said.join('\n'));
    const files = readdirSync(data, { recursive: true, encoding: 'utf8' }).map((name) => join(data, name));
    for (const path of files.filter((name) => statSync(name).isFile() && !/\.onnx$/.test(name))) {
      keep(`the file ${path}`, readFileSync(path, 'latin1'));
    }
    // It was looked at all: what must be there is.
    expect(seen.some(({ where, text }) => where.startsWith('the command line') && text.includes('ffmpeg'))).toBe(true);
    expect(seen.some(({ where, text }) => where === 'the log' && text.includes('over-http'))).toBe(true);
    expect(
      seen.some(({ where, text }) => /^the file .*\.(db|sqlite\w*)$/.test(where) && text.startsWith('SQLite')),
    ).toBe(true);
    const found = Object.entries(CANARY).flatMap(([name, secret]) =>
      seen
        .filter(({ text }) => writings(secret).some((one) => text.includes(one)))
        .map(({ where }) => `${name} in ${where}`),
    );
    expect([...new Set(found)]).toEqual([]);
  });
});
