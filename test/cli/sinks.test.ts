import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { webhookSecretProblem } from '../../config/webhook-secret.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { WebhookOutbox } from '../../server/sinks/webhook-outbox.ts';
import { openAuditLog } from '../../storage/audit-log.ts';
import { eventEnvelope } from '../support/event-envelope.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';

const main = resolve(import.meta.dirname, '../../cli/main.ts');
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=';
let folder: string;
let home: string;
let receiver: WebhookReceiver;
let outbox: WebhookOutbox;

function sinks(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env.PATH ?? '', HOME: folder, FACEGATE_HOME: home, HOOK_SECRET: SECRET };
  return new Promise((done) => {
    execFile(process.execPath, [main, 'sinks', ...args], { cwd: folder, env }, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
    });
  });
}

/** One event that was given up. */
function giveUp(sequence: number): string {
  const [letter] = outbox.take('hook', [eventEnvelope(sequence, { type: 'access.denied', door: 'lobby' })]);
  outbox.settle([{ number: letter!.number, kind: 'dead', deadAtMs: Date.now(), error: 'answered 500' }]);
  return letter!.event.id;
}

beforeAll(async () => {
  receiver = await WebhookReceiver.start();
  folder = mkdtempSync(join(tmpdir(), 'facegate-cli-sinks-'));
  home = join(folder, 'home');
  mkdirSync(home);
  const url = receiver.url.replace('//', '//ada:topsecret@');
  writeFileSync(
    join(folder, 'one.yaml'),
    `sinks:\n  - { type: webhook, id: hook, url: "${url}", secrets: ["\${HOOK_SECRET}"] }\n  - { type: file, path: a.jsonl }\n`,
  );
  outbox = new WebhookOutbox({ file: join(home, 'webhooks.db'), clock: systemClock, log: silentLog });
  outbox.open('hook', 'one');
});
afterAll(async () => {
  outbox.close();
  await receiver.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  receiver.received.length = 0;
});

describe('facegate sinks', () => {
  it('makes secrets that the settings take, another one each time', async () => {
    const [one, two] = await Promise.all([sinks('secret'), sinks('secret')]);
    expect([webhookSecretProblem(one.out.trim()), webhookSecretProblem(two.out.trim())]).toEqual([null, null]);
    expect(one.out).not.toBe(two.out);
  });

  it('lists what was given up and tries it again, one or all, and writes that down', { timeout: 180_000 }, async () => {
    const [first, second] = [giveUp(1), giveUp(2)];
    giveUp(3);
    const dead = await sinks('dead', '-c', 'one.yaml');
    expect(dead.code).toBe(0);
    expect(dead.out).toMatch(/^GIVEN UP +EVENT +TYPE +DOOR +ATTEMPTS +WHY$/m);
    expect(dead.out).toMatch(new RegExp(`^2\\S+Z +${first} +access.denied +lobby +1 +answered 500$`, 'm'));
    const json = JSON.parse((await sinks('dead', 'hook', '-c', 'one.yaml', '--json', '--limit', '2')).out);
    expect(json).toHaveLength(2);
    expect(json[0]).toMatchObject({ event: { sequence: 3 }, attempts: 1, error: 'answered 500' });

    const list = await sinks('list', '-c', 'one.yaml');
    expect(list.out).toMatch(/^ID +TYPE +TO +BEHIND +WAITING +DEAD +DISABLED$/m);
    expect(list.out).toMatch(/^hook +webhook +http:\/\/127\.0\.0\.1:\d+ +– +0 +3 +–$/m);
    expect(list.out).toMatch(/^file +file +\/\S+a\.jsonl +– +– +– +–$/m);
    expect(list.out + list.err).not.toMatch(/topsecret|whsec_/);

    expect(await sinks('resend', '-c', 'one.yaml')).toMatchObject({
      code: 2,
      err: expect.stringContaining('or --all'),
    });
    expect(await sinks('resend', '-c', 'one.yaml', '--id', first, '--id', 'x')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/tries 1 event again\nfacegate: 1 of the ids is no dead letter of "hook"/),
    });
    expect(outbox.counts('hook')).toEqual({ waiting: 1, dead: 2 });
    expect((await sinks('resend', 'hook', '-c', 'one.yaml', '--all')).err).toBe(
      'the webhook "hook" tries 2 events again\n',
    );
    expect(outbox.counts('hook')).toEqual({ waiting: 3, dead: 0 });
    const due = outbox.due('hook', { nowMs: Date.now(), latestMs: Date.now() + 1000, limit: 9 });
    expect(due.map(({ event, attempts }) => [event.id, attempts])).toContainEqual([second, 0]);
    expect((await sinks('dead', '-c', 'one.yaml')).err).toBe('the webhook "hook" has given nothing up\n');

    const audit = openAuditLog({ file: join(home, 'audit.db'), clock: systemClock });
    expect(audit.read({ limit: 9 }).map(({ action, details }) => [action, details])).toEqual([
      ['sink.resent', { sink: 'hook', resent: 1 }],
      ['sink.resent', { sink: 'hook', resent: 2 }],
    ]);
    audit.close();
  });

  it('enables an endpoint again', async () => {
    outbox.disable('hook', 'http://127.0.0.1 answered 410: it wants no more', Date.now());
    const list = await sinks('list', '-c', 'one.yaml', '--json');
    expect(JSON.parse(list.out)[0]).toMatchObject({ id: 'hook', disabledReason: expect.stringContaining('410') });
    expect((await sinks('enable', 'hook', '-c', 'one.yaml')).err).toBe('the webhook "hook" is enabled again\n');
    expect(outbox.endpoint('hook')).toEqual({ disabledAtMs: null, reason: null });
    expect((await sinks('enable', 'hook', '-c', 'one.yaml')).err).toBe('the webhook "hook" was not disabled\n');
  });

  it('posts a test event, signed, and says what came back', async () => {
    const good = await sinks('test', '-c', 'one.yaml');
    expect(good).toMatchObject({ code: 0, err: '' });
    expect(good.out).toMatch(/^delivered: http:\/\/127\.0\.0\.1:\d+ answered 204 after \d+ ms$/m);
    const { body, headers } = receiver.received[0]!;
    expect(new Webhook(SECRET).verify(body, headers)).toMatchObject({
      type: 'test',
      data: { type: 'test', replay: true },
    });

    receiver.answer = (response) => void response.writeHead(302, { location: '/other' }).end();
    const moved = await sinks('test', 'hook', '-c', 'one.yaml');
    expect(moved).toMatchObject({ code: 1, out: '' });
    expect(moved.err).toMatch(/^facegate: not delivered: \S+ answered 302, a redirect, which is not followed/);
    expect(good.out + moved.err).not.toMatch(/topsecret|whsec_|hook$/);
  });

  it.each([
    [['dead', 'nobody', '-c', 'one.yaml'], 1, 'there is no sink "nobody"; webhooks are: hook'],
    [['dead', 'file', '-c', 'one.yaml'], 1, 'the sink "file" is of the type file; webhooks are: hook'],
    [['dead'], 1, 'the settings have no webhook'],
    [['dead', '-c', 'one.yaml', '--limit', 'x'], 2, '--limit must be a whole number, 1 to 100000, got "x"'],
  ])('says what is wrong with %j', async (args, code, message) => {
    expect(await sinks(...args)).toMatchObject({ code, out: '', err: expect.stringContaining(message) });
  });
});
