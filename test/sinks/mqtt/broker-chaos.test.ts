import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openEventLog } from '../../../access/event-log.ts';
import type { AccessEvent } from '../../../pipeline/access-event.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { EventOutlet } from '../../../sinks/event-outlet.ts';
import { accessEvent } from '../../support/access-event.ts';
import { eventDraft } from '../../support/event-draft.ts';
import { eventually } from '../../support/eventually.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { MqttListener } from '../../support/mqtt-listener.ts';
import { mqttSink } from '../../support/mqtt-surroundings.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { requirement } from '../../support/requirements.ts';

const KILLS = Number(process.env.FACEGATE_BROKER_KILLS ?? 3);
const EVENTS = Number(process.env.FACEGATE_BROKER_EVENTS ?? 1000);
/** Events are made in so many turns, so that each kill falls among them. */
const TURN = 10;
const EVERY = 10;
const GRANT_LIFE_MS = 2000;
const SILENT_MS = 30_000;
const MOST_BEHIND = 500;
/** Brokers count whole seconds, and a second that has begun. */
const BROKER_SECONDS_MS = 2000;

describe.skipIf(!requirement('mosquitto').met)('a broker that is killed again and again', () => {
  it(`loses no event of ${EVENTS} in ${KILLS} kills for a consumer with a session`, {
    timeout: 120_000 + 60 * EVENTS,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-chaos-'));
    await using opened = new AsyncDisposableStack();
    opened.defer(() => rmSync(folder, { recursive: true }));
    const broker = opened.use(await Mosquitto.start({ durable: true }));
    const logger = recordedLog();
    const events = openEventLog({
      file: join(folder, 'events.db'),
      tenant: 'default',
      clock: systemClock,
      log: logger,
    });
    opened.defer(() => events.close());
    const consumer = opened.use(
      await MqttListener.connect(broker.port, 'facegate/events/#', {
        clientId: 'consumer',
        clean: false,
        properties: { sessionExpiryInterval: 3600 },
      }),
    );
    const { sink } = mqttSink(broker.port, { clock: systemClock });
    const fault = () => expect.unreachable('the outlet lost events');
    const outlet = new EventOutlet({ sink, type: 'mqtt', filter: {}, log: events, clock: systemClock, logger, fault });
    opened.use(outlet);
    outlet.start();

    /** Fails where the consumer is silent for too long meanwhile. */
    const hears = async (what: string, look: () => boolean) => {
      while (!look()) {
        const before = consumer.heard.length;
        await eventually(`the consumer hears ${what}`, () => look() || consumer.heard.length > before, SILENT_MS).catch(
          (cause: unknown) => {
            const state = { ...outlet.view(), heard: before, made: made.length, kills };
            throw new Error(`${JSON.stringify(state)}\n${broker.said.slice(-2000)}`, { cause });
          },
        );
      }
    };

    const made: AccessEvent[] = [];
    const killing: Promise<void>[] = [];
    const turns = Math.ceil(EVENTS / TURN);
    const between = Math.floor(turns / (KILLS + 1));
    let kills = 0;
    let highest = 0;
    let killed = Promise.resolve();
    for (let turn = 1; turn <= turns; turn += 1) {
      made.push(...events.appendAll(Array.from({ length: TURN }, (_, i) => draft(i))));
      if (turn % between === 0 && kills < KILLS) {
        kills += 1;
        // The one before is back, and everybody with it: else fewer brokers would be killed than are counted.
        await killed;
        await hears('something new', () => consumer.heard.length > highest);
        killed = wait(Math.random() * 200).then(async () => {
          await broker.end('SIGKILL');
          await wait(Math.random() * 1000);
          await broker.start();
          highest = consumer.heard.length;
        });
        killing.push(killed);
      }
      // No faster than the broker, whose disk decides: what is behind at the end of a kill is caught up among new events.
      await hears('its share', () => outlet.view().behind < MOST_BEHIND);
      await wait(5);
    }
    await Promise.all(killing);
    await hears('everything', () => outlet.view().behind === 0);

    const lasting = made.filter(({ type }) => type !== 'access.granted');
    const heardIds = () => new Set(consumer.heard.map(({ payload }) => JSON.parse(payload).id as string));
    const hasAll = () => {
      const ids = heardIds();
      return lasting.every(({ id }) => ids.has(id));
    };
    await eventually('the consumer has every id', hasAll, SILENT_MS).catch(() => undefined);
    const ids = heardIds();
    const missing = lasting.filter(({ id }) => !ids.has(id));
    const grants = made.length - lasting.length;
    const expired = made.filter(({ id, type }) => type === 'access.granted' && !ids.has(id)).length;
    const silentMs = Math.max(...consumer.heard.slice(1).map(({ atMs }, i) => atMs - consumer.heard[i]!.atMs));
    const afterLife = consumer.heard.flatMap(({ payload, atMs }) => {
      const { expiresAt, replay } = JSON.parse(payload) as AccessEvent;
      return expiresAt === null || replay ? [] : [atMs - Date.parse(expiresAt)];
    });
    const latest = Math.max(...afterLife);
    process.stdout.write(
      `heard every one of ${lasting.length} ids: ${missing.length === 0}, ${consumer.heard.length} messages, ` +
        `silent for ${silentMs} ms at most, ${expired} of ${grants} grants expired unheard, ` +
        `the latest live grant ${latest} ms after its end\n`,
    );
    expect(kills).toBe(KILLS);
    expect(missing.map(({ sequence }) => sequence)).toEqual([]);
    expect(silentMs).toBeLessThan(SILENT_MS);
    expect(latest).toBeLessThan(BROKER_SECONDS_MS);
    expect(sink.stats!()).toMatchObject({ broker: 'online', inFlight: 0 });
  });

  it('keeps on its disk what a consumer that is away has coming', async () => {
    await using broker = await Mosquitto.start({ durable: true });
    const session = { clientId: 'away', clean: false, properties: { sessionExpiryInterval: 3600 } };
    const before = await MqttListener.connect(broker.port, 'facegate/events/#', session);
    await before.vanish();
    const { sink } = mqttSink(broker.port);
    // More than a broker keeps for one client by itself.
    const events = Array.from({ length: 1200 }, () => accessEvent());
    const signal = new AbortController().signal;
    while (events.length > 0) await sink.deliver(events.splice(0, 100), signal);
    const last = accessEvent({ camera: 'last' });
    await sink.deliver([last], signal);
    // Acknowledged is not yet written.
    await wait(500);
    await broker.end('SIGKILL');
    await broker.start();
    await using consumer = await MqttListener.connect(broker.port, '', session);
    await consumer.hears('facegate/events/person.seen/-/last');
    expect(new Set(consumer.heard.map(({ payload }) => JSON.parse(payload).id)).size).toBe(1201);
    await sink.close();
  });
});

/** Each tenth one is a grant: those may expire at the broker, all others may not. */
function draft(i: number) {
  const nowMs = Date.now();
  const times = { capturedAtMs: nowMs, decidedAtMs: nowMs };
  if (i % EVERY !== 0) return eventDraft(times);
  return eventDraft({ ...times, type: 'access.granted', door: 'lobby', expiresAtMs: nowMs + GRANT_LIFE_MS });
}
