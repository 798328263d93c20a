import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../config/error-codes.ts';
import { newWebhookSecret } from '../../../config/webhook-secret.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { WebhookOutbox } from '../../../server/sinks/webhook-outbox.ts';
import { WebhookEndpoint } from '../../../sinks/webhook/webhook-endpoint.ts';
import { WebhookSink, type WebhookSinkOptions } from '../../../sinks/webhook/webhook-sink.ts';
import { eventEnvelope } from '../../support/event-envelope.ts';
import { eventually } from '../../support/eventually.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { selfSigned } from '../../support/self-signed.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { VirtualTimer } from '../../support/virtual-timer.ts';
import { WebhookReceiver } from '../../support/webhook-receiver.ts';

const never = new AbortController().signal;
const NOW = Date.UTC(2026, 10, 21, 9);
const SECRET = newWebhookSecret();

let folder: string;
let receiver: WebhookReceiver;
let outbox: WebhookOutbox;
let clock: VirtualClock;
let timer: VirtualTimer;
let log: ReturnType<typeof recordedLog>;
let faults: ErrorCode[];
let sinks: WebhookSink[];

const openOutbox = () => new WebhookOutbox({ file: join(folder, 'webhooks.db'), clock, log });

function open(
  o: Partial<WebhookSinkOptions> & { url?: string; secrets?: string[]; ca?: string; timeoutMs?: number } = {},
) {
  const { url = receiver.url, secrets = [SECRET], ca, timeoutMs, ...options } = o;
  const endpointClock = options.clock ?? clock;
  const endpoint = new WebhookEndpoint({
    url,
    secrets,
    version: '1.2.3',
    clock: endpointClock,
    ca,
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
  const sink = new WebhookSink({
    id: 'hook',
    endpoint,
    fingerprint: 'one',
    outbox,
    clock,
    log,
    fault: (code) => faults.push(code),
    timer: timer.after,
    random: () => 0,
    ...options,
  });
  sinks.push(sink);
  return sink;
}

/** On the system's clock and timers, as the server has it. */
const real = { clock: systemClock, timer: (ms: number, work: () => void) => stoppable(setTimeout(work, ms)) };
const stoppable = (timeout: NodeJS.Timeout) => () => clearTimeout(timeout);

const got = (count: number) => eventually(`${count} messages`, () => receiver.received.length >= count);
/** What was answered is written down. */
async function settled(sink: WebhookSink, look: (stats: ReturnType<WebhookSink['stats']>) => boolean): Promise<void> {
  await eventually('the outcome', () => {
    timer.advance(100);
    return look(sink.stats());
  });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-webhook-'));
  receiver = await WebhookReceiver.start();
  clock = new VirtualClock({ wallMs: NOW });
  timer = new VirtualTimer(clock);
  log = recordedLog();
  faults = [];
  sinks = [];
  outbox = openOutbox();
});
afterEach(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  outbox.close();
  await receiver.close();
  rmSync(folder, { recursive: true });
});

describe('a webhook', () => {
  it('is verified by the library of Standard Webhooks with any of its secrets, and by none that it has not', async () => {
    const [fresh, old] = [newWebhookSecret(), newWebhookSecret()];
    const sink = open({ ...real, secrets: [fresh, old] });
    const decidedAt = new Date().toISOString();
    const event = eventEnvelope(1, { subject: { id: '0b5e', name: 'Åda “✓” 王' }, decidedAt });
    await sink.deliver([event], never);
    await got(1);
    const { headers, body, path } = receiver.received[0]!;
    expect([path, headers['content-type'], headers['user-agent']]).toEqual([
      '/hook',
      'application/json',
      'facegate/1.2.3',
    ]);
    expect(headers['webhook-id']).toBe(event.id);
    const expected = { type: 'person.seen', timestamp: event.decidedAt, data: event };
    for (const secret of [fresh, old]) expect(new Webhook(secret).verify(body, headers)).toEqual(expected);
    expect(headers['webhook-signature']?.split(' ')).toHaveLength(2);
    expect(() => new Webhook(newWebhookSecret()).verify(body, headers)).toThrow('No matching signature');
    expect(() => new Webhook(old).verify(body.replace('Åda', 'Eve'), headers)).toThrow('No matching signature');
    expect(() => new Webhook(old).verify(body, { ...headers, 'webhook-id': 'another' })).toThrow('No matching');
  });

  it('sends new events in their order over one connection, and forgets what was delivered', async () => {
    const sink = open();
    const events = Array.from({ length: 30 }, (_, i) => eventEnvelope(i + 1));
    await sink.deliver(events.slice(0, 20), never);
    await sink.deliver(events.slice(20), never);
    await got(30);
    expect(receiver.ids).toEqual(events.map(({ id }) => id));
    expect(new Set(receiver.received.map(({ socket }) => socket)).size).toBe(1);
    await settled(sink, ({ waiting }) => waiting === 0);
    expect(sink.stats()).toMatchObject({ delivered: 30, dead: 0, failures: 0, lastFailure: null });
    expect(receiver.received.map(({ data }) => data.replay)).not.toContain(true);
  });

  it('goes over TLS to whom the certificates vouch for, and to nobody else', async () => {
    const tls = selfSigned();
    const secure = await WebhookReceiver.start(tls);
    try {
      const trusting = open({ url: secure.url, ca: tls.cert });
      const stranger = open({ id: 'stranger', url: secure.url });
      for (const sink of [trusting, stranger]) await sink.deliver([eventEnvelope(1), eventEnvelope(2)], never);
      await settled(trusting, ({ delivered }) => delivered === 2);
      await settled(stranger, ({ failures }) => failures === 2);
      expect(stranger.stats().lastFailure).toMatch(
        /has a certificate that nobody vouches for; "ca" names those to trust/,
      );
      expect(secure.received).toHaveLength(2);
      expect(new Set(secure.received.map(({ socket }) => socket)).size).toBe(1);
    } finally {
      await secure.close();
    }
  });

  it('is given a basic authentication from its address, which no log line and no error shows', async () => {
    const sink = open({ url: receiver.url.replace('http://', 'http://ada:tops%40cret@') });
    receiver.answer = (response) => void response.writeHead(500).end();
    await sink.deliver([eventEnvelope(1)], never);
    await settled(sink, ({ failures }) => failures === 1);
    expect(receiver.received[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('ada:tops@cret').toString('base64')}`,
    );
    const told = JSON.stringify([log.lines, sink.stats(), outbox.dead('hook', { limit: 9 })]);
    expect(told).toContain('answered 500');
    expect(told).not.toMatch(/tops|ada:|\/hook|whsec_/);
  });
});

describe('what is not answered with 2xx', () => {
  it('is tried again on the schedule of Standard Webhooks, each time as a replay, and is a dead letter after ten attempts', async () => {
    const sink = open();
    receiver.answer = (response) => void response.writeHead(500).end('no');
    await sink.deliver([eventEnvelope(1)], never);
    const at: number[] = [];
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      await got(attempt);
      at.push(clock.monotonicMs());
      await settled(sink, ({ failures }) => failures === attempt);
      if (attempt === 10) break;
      expect(receiver.received).toHaveLength(attempt);
      timer.advance(100);
      // To the moment when it is due, and to none before.
      timer.advance(timer.nextMs ?? Number.NaN);
    }
    const pauses = at.slice(1).map((ms, i) => Math.round((ms - at[i]!) / 1000));
    expect(pauses).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]);
    expect(receiver.received.map(({ data }) => data.replay)).toEqual([false, ...Array(9).fill(true)]);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(
      new Set([eventEnvelope(1).id]),
    );
    expect(receiver.received.at(-1)?.headers['webhook-timestamp']).toBe(String(Math.floor(clock.wallMs() / 1000)));

    await settled(sink, ({ dead }) => dead === 1);
    timer.advance(30 * 3_600_000);
    expect(receiver.received).toHaveLength(10);
    expect(sink.stats()).toMatchObject({ waiting: 0, dead: 1 });
    const origin = receiver.url.replace('/hook', '');
    expect(outbox.dead('hook', { limit: 10 })).toMatchObject([
      { event: { id: eventEnvelope(1).id }, attempts: 10, error: `given up after 10 attempts: ${origin} answered 500` },
    ]);
    expect(faults).toEqual(['SINK_GAVE_UP']);

    receiver.answer = (response) => void response.writeHead(204).end();
    expect(sink.resend(['nothing-like-it'])).toBe(0);
    expect(sink.resend([eventEnvelope(1).id])).toBe(1);
    await got(11);
    expect(receiver.received[10]?.data).toMatchObject({ id: eventEnvelope(1).id, replay: true });
    await settled(sink, ({ dead, waiting }) => dead + waiting === 0);
  });

  it('holds up nothing that comes after it', async () => {
    const sink = open();
    receiver.answer = (response, { data }) => void response.writeHead(data.sequence === 1 ? 500 : 204).end();
    await sink.deliver([eventEnvelope(1), eventEnvelope(2), eventEnvelope(3)], never);
    await got(3);
    expect(receiver.ids).toEqual([1, 2, 3].map((n) => eventEnvelope(n).id));
    await settled(sink, ({ waiting, delivered }) => waiting === 1 && delivered === 2);
  });

  it.each([
    [302, { location: '/elsewhere' }, 'answered 302, a redirect, which is not followed: write the final address'],
    [301, { location: 'http://127.0.0.1:1/' }, 'answered 301, a redirect'],
    [401, {}, 'answered 401: it does not accept the signature'],
    [404, {}, 'answered 404'],
  ])('%d is a failure, and is followed nowhere', async (status, headers, said) => {
    const sink = open();
    receiver.answer = (response) => void response.writeHead(status, headers).end();
    await sink.deliver([eventEnvelope(1)], never);
    await settled(sink, ({ failures }) => failures === 1);
    expect(sink.stats().lastFailure).toContain(said);
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hook']);
  });

  it.each([
    ['seconds', '7200', 3_600_000],
    ['seconds', '60', 60_000],
    ['a date', new Date(NOW + 120_000).toUTCString(), 120_000],
  ])(
    '429 and 503 are asked again no sooner than Retry-After says, an hour at most, new events neither (%s: %s)',
    async (_, header, waitMs) => {
      const sink = open();
      receiver.answer = (response, _request, nth) =>
        void response.writeHead(nth === 1 ? 429 : 204, nth === 1 ? { 'retry-after': header } : {}).end();
      await sink.deliver([eventEnvelope(1)], never);
      await settled(sink, ({ failures }) => failures === 1);
      await sink.deliver([eventEnvelope(2)], never);
      const startedMs = clock.wallMs();
      while (receiver.received.length < 3 && clock.wallMs() - startedMs < 2 * 3_600_000) {
        timer.advance(1000);
        await new Promise((resolve) => setTimeout(resolve, receiver.received.length > 1 ? 20 : 0));
      }
      const waitedMs = clock.wallMs() - startedMs;
      expect(waitedMs).toBeGreaterThan(waitMs - 5000);
      expect(waitedMs).toBeLessThan(waitMs + 60_000);
      expect(new Set(receiver.ids)).toEqual(new Set([eventEnvelope(1).id, eventEnvelope(2).id]));
    },
  );

  it('410 disables the endpoint, over a restart too, until somebody enables it or the settings change', async () => {
    const sink = open();
    receiver.answer = (response) => void response.writeHead(410).end();
    await sink.deliver([eventEnvelope(1)], never);
    await eventually('it to be disabled', () => sink.isDisabled);
    expect(faults).toEqual(['SINK_DISABLED']);
    expect(sink.stats()).toMatchObject({
      disabledAt: expect.any(String),
      disabledReason: expect.stringContaining('410'),
    });
    timer.advance(3_600_000);
    await expect(sink.deliver([eventEnvelope(2)], never)).rejects.toMatchObject({
      code: 'SINK_DISABLED',
      details: { retryAfterMs: 1000 },
    });
    expect(receiver.received).toHaveLength(1);
    await sink.close();

    receiver.answer = (response) => void response.writeHead(204).end();
    const again = open();
    expect(again.isDisabled).toBe(true);
    timer.advance(3_600_000);
    expect(again.enable()).toBe(true);
    await again.deliver([eventEnvelope(2)], never);
    await got(3);
    expect(new Set(receiver.ids.slice(1))).toEqual(new Set([eventEnvelope(1).id, eventEnvelope(2).id]));
    expect(again.enable()).toBe(false);
    await again.close();

    outbox.disable('hook', 'by hand', NOW);
    expect(open().isDisabled).toBe(true);
    expect(open({ fingerprint: 'another' }).isDisabled).toBe(false);
  });

  it('hears within a second what another process did', async () => {
    const sink = open();
    outbox.disable('hook', 'it answered 410', NOW);
    await sink.close();
    const waiting = open();
    expect(waiting.isDisabled).toBe(true);
    const other = openOutbox();
    try {
      other.enable('hook');
    } finally {
      other.close();
    }
    await eventually('it to be enabled', () => !waiting.isDisabled);
    await waiting.deliver([eventEnvelope(1)], never);
    await got(1);
  });
});

describe('a receiver that misbehaves', () => {
  it('and hangs is given up after its time, holds up to four new events a second apart, and delays no other sink', async () => {
    const healthy = await WebhookReceiver.start();
    receiver.answer = () => undefined;
    const sink = open({ ...real, timeoutMs: 1500 });
    const other = open({ ...real, id: 'other', url: healthy.url });
    const events = Array.from({ length: 8 }, (_, i) => eventEnvelope(i + 1, { decidedAt: new Date().toISOString() }));
    const begunMs = performance.now();
    await Promise.all([sink.deliver(events, never), other.deliver(events, never)]);
    await eventually('the other sink', () => healthy.received.length === 8);
    const otherMs = performance.now() - begunMs;
    expect(healthy.received.map(({ data }) => data.replay)).not.toContain(true);
    expect(receiver.received.length).toBeLessThanOrEqual(2);
    expect(otherMs).toBeLessThan(1000);
    // After a second a second one goes beside the first.
    await got(2);
    await eventually('a time-out', () => sink.stats().failures > 0);
    expect(sink.stats().lastFailure).toMatch(/gave no answer within 1.5 s$/);
    await healthy.close();
  });

  it('and closes half-way through its head is tried again; half-way through its body it has answered', async () => {
    const sink = open();
    receiver.answer = (response, { socket }, nth) => {
      if (nth === 1) socket.end('HTTP/1.1 200 OK\r\ncontent-le');
      else response.writeHead(200, { 'content-length': '1000' }).write('half', () => socket.destroy());
    };
    await sink.deliver([eventEnvelope(1)], never);
    await settled(sink, ({ failures }) => failures === 1);
    timer.advance(5000);
    await got(2);
    await settled(sink, ({ waiting, delivered }) => waiting === 0 && delivered === 1);
  });

  it('and sends a gigabyte back costs nothing', async () => {
    const sink = open();
    let sent = 0;
    const chunk = Buffer.alloc(65_536);
    const hungUp = new Promise<void>((resolve) => {
      receiver.answer = (response, _request, nth) => {
        if (nth > 1) return void response.writeHead(204).end();
        response.writeHead(200, { 'content-length': String(2 ** 30) });
        response.on('close', resolve);
        const more = () => {
          while (!response.destroyed && sent < 2 ** 30) {
            sent += chunk.length;
            if (!response.write(chunk)) return void response.once('drain', more);
          }
        };
        more();
      };
    });
    await sink.deliver([eventEnvelope(1), eventEnvelope(2)], never);
    await hungUp;
    // What fits into the buffers of the two ends of a connection on loopback.
    expect(sent).toBeLessThan(32 * 2 ** 20);
    await settled(sink, ({ delivered, waiting }) => delivered === 2 && waiting === 0);
  });

  it('is not there at all: the event waits for its next attempt', async () => {
    const gone = await WebhookReceiver.start();
    const { url } = gone;
    await gone.close();
    const sink = open({ url });
    await sink.deliver([eventEnvelope(1)], never);
    await settled(sink, ({ failures }) => failures === 1);
    expect(sink.stats().lastFailure).toMatch(/^http:\/\/127\.0\.0\.1:\d+ refused the connection \(ECONNREFUSED\)$/);
  });

  it('and lets an idle connection go is sent the message once more at once, without a failed attempt', async () => {
    const sink = open();
    await sink.deliver([eventEnvelope(1)], never);
    await got(1);
    await settled(sink, ({ delivered }) => delivered === 1);
    receiver.answer = (response, { socket }, nth) => {
      if (nth === 2) socket.destroy();
      else response.writeHead(204).end();
    };
    await sink.deliver([eventEnvelope(2)], never);
    await got(3);
    await settled(sink, ({ delivered }) => delivered === 2);
    expect(receiver.received[2]).toMatchObject({ body: receiver.received[1]?.body });
    expect(sink.stats().failures).toBe(0);
  });

  it('and ends a connection after a while is tried again later, as a replay', async () => {
    const sink = open();
    await sink.deliver([eventEnvelope(1)], never);
    await got(1);
    await settled(sink, ({ delivered }) => delivered === 1);
    receiver.answer = (_response, { socket }) => {
      clock.advance(300);
      socket.destroy();
    };
    await sink.deliver([eventEnvelope(2)], never);
    await settled(sink, ({ failures }) => failures === 1);
    expect(sink.stats().lastFailure).toMatch(/ended the connection without an answer \(ECONNRESET\)$/);
    expect(receiver.received).toHaveLength(2);
  });
});

describe('a grant', () => {
  const grant = (sequence: number, fields = {}) =>
    eventEnvelope(sequence, {
      type: 'access.granted',
      door: 'lobby',
      expiresAt: new Date(NOW + 2000).toISOString(),
      ...fields,
    });
  const replays = () => receiver.received.map(({ data }) => data.replay);

  it('is live within its life only, and what was a replay stays one', async () => {
    const sink = open();
    await sink.deliver([grant(1)], never);
    await sink.deliver([grant(2, { replay: true })], never);
    await got(2);
    timer.advance(2000);
    await sink.deliver([grant(3)], never);
    await got(3);
    expect(replays()).toEqual([false, true, true]);
  });

  it('and everything else that is first sent two seconds after its decision are replays', async () => {
    const sink = open();
    await sink.deliver([eventEnvelope(1)], never);
    await got(1);
    timer.advance(2200);
    await sink.deliver([eventEnvelope(2), grant(3, { expiresAt: new Date(NOW + 9000).toISOString() })], never);
    await got(3);
    expect(replays()).toEqual([false, true, true]);
  });

  it.each([
    ['for longer than its life, and the clock was set back meanwhile', 2100, -3_600_000],
    ['for a moment, and the clock was set beyond its end meanwhile', 100, 3_600_000],
  ])('that waited %s, is a replay', async (_, waitedMs, stepMs) => {
    const sink = open();
    let release: (() => void) | undefined;
    receiver.answer = (response, _request, nth) => {
      if (nth > 1) return void response.writeHead(204).end();
      release = () => response.writeHead(204).end();
    };
    await sink.deliver([eventEnvelope(1), grant(2)], never);
    await got(1);
    // No timer is called: only the answer lets the second one go.
    clock.advance(waitedMs);
    clock.stepWall(stepMs);
    release?.();
    await got(2);
    expect(replays()).toEqual([false, true]);
  });

  it('that another process had taken over is a replay, within its life too', async () => {
    const first = open({ timer: () => () => undefined });
    receiver.answer = () => undefined;
    await first.deliver([grant(1)], never);
    await got(1);
    receiver.answer = (response) => void response.writeHead(204).end();
    // As after a crash: nothing was written down of the attempt.
    open();
    await got(2);
    expect(clock.wallMs()).toBeLessThan(NOW + 2000);
    expect(replays()).toEqual([false, true]);
  });
});

describe('its outbox', () => {
  it('takes an event over once, whoever hands it over again', async () => {
    const sink = open();
    receiver.answer = (response) => void response.writeHead(500).end();
    await sink.deliver([eventEnvelope(1), eventEnvelope(2)], never);
    await sink.deliver([eventEnvelope(1), eventEnvelope(2), eventEnvelope(3)], never);
    await got(3);
    await settled(sink, ({ failures }) => failures === 3);
    expect(sink.stats().waiting).toBe(3);
  });

  it('sends what is due much too late at once: somebody set the clock back', async () => {
    const sink = open();
    receiver.answer = (response, _request, nth) => void response.writeHead(nth === 1 ? 500 : 204).end();
    await sink.deliver([eventEnvelope(1)], never);
    await settled(sink, ({ failures }) => failures === 1);
    await sink.close();
    clock.stepWall(-30 * 86_400_000);
    open();
    await got(2);
  });

  it('that fails takes nothing down: the delivery says so, and it goes on when the outbox is back', async () => {
    const sink = open();
    outbox.close();
    await expect(sink.deliver([eventEnvelope(1)], never)).rejects.toMatchObject({ code: 'SINK_STORE_UNAVAILABLE' });
    expect(sink.stats()).toMatchObject({ waiting: 0, dead: 0 });
  });

  it('takes nothing over while 100,000 events wait there, so that they wait in the event log', async () => {
    const sink = open();
    outbox.counts = () => ({ waiting: 100_000, dead: 0 });
    await expect(sink.deliver([eventEnvelope(1)], never)).rejects.toMatchObject({
      code: 'SINK_FAILED',
      details: { retryAfterMs: 1000 },
    });
    outbox.counts = () => ({ waiting: 99_999, dead: 0 });
    await sink.deliver([eventEnvelope(1)], never);
    await got(1);
  });

  it('forgets dead letters after thirty days, and those of no other time', async () => {
    const dead = outbox.take('hook', [eventEnvelope(1), eventEnvelope(2), eventEnvelope(3)]);
    const days = (count: number) => clock.wallMs() - count * 86_400_000;
    outbox.settle([
      { number: dead[0]!.number, kind: 'dead', deadAtMs: days(31), error: 'x' },
      { number: dead[1]!.number, kind: 'dead', deadAtMs: days(29), error: 'x' },
    ]);
    await eventually('the old one to go', () => outbox.counts('hook').dead === 1);
    expect(outbox.dead('hook', { limit: 9 }).map(({ event }) => event.sequence)).toEqual([2]);
    expect(outbox.counts('hook')).toEqual({ waiting: 1, dead: 1 });
  });

  it('refuses what is too large for a webhook as a dead letter, without sending it', async () => {
    const sink = open();
    await sink.deliver([eventEnvelope(1, { reason: 'x'.repeat(20_000) }), eventEnvelope(2)], never);
    await got(1);
    await settled(sink, ({ dead }) => dead === 1);
    expect(receiver.ids).toEqual([eventEnvelope(2).id]);
    expect(outbox.dead('hook', { limit: 1 })[0]?.error).toMatch(/^the message has 20\d{3} bytes; webhooks have less/);
  });
});

describe('close', () => {
  it('waits for messages under way, twice is once, and nothing is taken over after it', async () => {
    const sink = open({ ...real });
    receiver.answer = (response) => void setTimeout(() => response.writeHead(204).end(), 200);
    await sink.deliver([eventEnvelope(1)], never);
    await got(1);
    await Promise.all([sink.close(), sink.close()]);
    expect(sink.stats()).toMatchObject({ delivered: 1, waiting: 0 });
    await expect(sink.deliver([eventEnvelope(2)], never)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  it('does not wait for a receiver that hangs, and keeps what it was sent', async () => {
    const sink = open({ ...real });
    receiver.answer = () => undefined;
    await sink.deliver([eventEnvelope(1)], never);
    await got(1);
    const begunMs = performance.now();
    await sink.close();
    expect(performance.now() - begunMs).toBeLessThan(10_000);
    expect(outbox.counts('hook')).toEqual({ waiting: 1, dead: 0 });
    expect(sink.stats().failures).toBe(0);
  });
});
