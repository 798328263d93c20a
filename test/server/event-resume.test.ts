import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { openEventLog } from '../../access/event-log.ts';
import { buildServer } from '../../server/build-server.ts';
import { EventFeed } from '../../sinks/event-feed.ts';
import { eventDraft } from '../support/event-draft.ts';
import { fakeServerParts } from '../support/fake-server-parts.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** `npm run soak -- feeds --only resume` asks for 500. */
const BREAKS = Number(process.env.FACEGATE_FEED_BREAKS ?? 40);
const MOST_AT_ONCE = 20;
/** A consumer is ahead of what is made where its connections break slower than that. */
const MOST_BETWEEN_MS = 20;

it(
  `a WebSocket consumer that breaks off ${BREAKS} times and resumes by number has each event exactly once`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-resume-'));
    const file = join(folder, 'events.db');
    const log = openEventLog({ file, tenant: 'default', clock: new VirtualClock(), log: recordedLog() });
    const feed = new EventFeed({ log });
    const parts = await fakeServerParts({ parts: { events: log, feed } });
    const app = await buildServer(parts);
    let making = true;
    try {
      await app.listen({ host: '127.0.0.1', port: 0 });
      const address = `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/ws/events`;
      const made = (async () => {
        while (making) {
          log.appendAll(Array.from({ length: 1 + Math.floor(Math.random() * MOST_AT_ONCE) }, () => eventDraft()));
          await wait(Math.random() * 10);
        }
      })();

      const got: number[] = [];
      let replayed = 0;
      /** Until the connection is broken off, by a reset, wherever it is; or all that was made has come. */
      const connection = async (isOver: (socket: WebSocket) => Promise<void>) => {
        const socket = new WebSocket(`${address}?since=${got.at(-1) ?? 0}`);
        socket.on('error', () => undefined);
        let over = false;
        socket.on('message', (data) => {
          // What comes after the consumer let go was never consumed.
          if (over) return;
          const { sequence, replay } = JSON.parse(String(data)) as { sequence: number; replay: boolean };
          got.push(sequence);
          if (replay) replayed += 1;
        });
        // A break in the middle of the handshake is an error first.
        const closed = new Promise((resolve) => socket.once('close', resolve));
        await isOver(socket);
        over = true;
        socket.terminate();
        await closed;
      };
      for (let n = 0; n < BREAKS; n += 1) {
        await connection(async (socket) => {
          // Some in the middle of the handshake, some in the replay, some live.
          if (n % 10 > 0) await once(socket, 'open');
          await wait(Math.random() * MOST_BETWEEN_MS);
        });
      }
      making = false;
      await made;
      await connection(async () => {
        while (got.at(-1) !== log.lastSequence) await wait(5);
      });

      expect(got).toEqual(Array.from({ length: log.lastSequence }, (_, i) => i + 1));
      expect(replayed).toBeGreaterThan(0);
      process.stdout.write(
        `broken off ${BREAKS} times: ${got.length} events, each once, ${replayed} of them replayed\n`,
      );
    } finally {
      making = false;
      await wait(20);
      await app.close();
      await feed.close();
      await log.close();
      parts.dispose();
      rmSync(folder, { recursive: true });
    }
  },
  30_000 + BREAKS * 1000,
);
