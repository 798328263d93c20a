import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EMPTY } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EventLog, openEventLog } from '../../../access/event-log.ts';
import { type SettingsInput, settingsSchema } from '../../../config/settings-schema.ts';
import { buildServer } from '../../../server/build-server.ts';
import { type EventSinks, openEventSinks } from '../../../server/open-event-sinks.ts';
import { eventDraft } from '../../support/event-draft.ts';
import { eventually } from '../../support/eventually.ts';
import { fakeServerParts } from '../../support/fake-server-parts.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const READER = 'reader-key-0123456789-abcdef';
const ADMIN = 'admin-key-0123456789-abcdefgh';
const clock = new VirtualClock();

let folder: string;
let log: EventLog;
let sinks: EventSinks;

async function open(input: SettingsInput['sinks']): Promise<EventSinks> {
  const nothing = { views: () => [], changes: EMPTY };
  return openEventSinks({
    settings: settingsSchema.parse({ sinks: input }).sinks,
    events: log,
    fault: () => undefined,
    dataDir: folder,
    tenant: 'default',
    version: '1.2.3',
    cameras: nothing,
    doors: { ...nothing, lockDown: () => undefined, release: () => undefined },
    clock,
    log: recordedLog(),
  });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-sinks-'));
  log = openEventLog({ file: join(folder, 'events.db'), tenant: 'default', clock, log: recordedLog() });
});
afterEach(async () => {
  await sinks[Symbol.asyncDispose]();
  await log.close();
  rmSync(folder, { recursive: true });
});

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

describe('openEventSinks', () => {
  it('feeds each file what it is to get, over a restart too', async () => {
    const all = join(folder, 'all.jsonl');
    const denied = join(folder, 'denied.jsonl');
    const input: SettingsInput['sinks'] = [
      { type: 'file', path: all },
      { type: 'file', path: denied, types: ['access.denied'], doors: ['lobby'] },
    ];
    sinks = await open(input);
    log.append(eventDraft());
    sinks.start();
    log.appendAll([eventDraft(), eventDraft({ type: 'access.denied', door: 'lobby' })]);
    await eventually('both', () => sinks.views().every(({ behind }) => behind === 0));
    await sinks[Symbol.asyncDispose]();
    log.append(eventDraft({ type: 'access.denied', door: 'lobby' }));
    sinks = await open(input);
    sinks.start();
    await eventually('both', () => sinks.views().every(({ behind }) => behind === 0));
    const told = (path: string) => linesOf(path).map(({ sequence, replay }) => [sequence, replay]);
    expect(told(all)).toEqual([
      [2, false],
      [3, false],
      [4, true],
    ]);
    expect(told(denied)).toEqual([
      [3, false],
      [4, true],
    ]);
    expect(sinks.views().map(({ id, type, state }) => [id, type, state])).toEqual([
      ['file', 'file', 'delivering'],
      ['file-2', 'file', 'delivering'],
    ]);
  });

  it('is seen by admins, and in the metrics', async () => {
    sinks = await open([{ type: 'file', id: 'bad', path: folder }]);
    const keys: SettingsInput['keys'] = [
      { name: 'wall', key: READER, scopes: ['read'] },
      { name: 'operator', key: ADMIN, scopes: ['admin'] },
    ];
    const parts = await fakeServerParts({ settings: { keys }, parts: { sinks } });
    parts.metrics.watch({ sinks: () => sinks.views() });
    const app = await buildServer(parts);
    sinks.start();
    log.append(eventDraft());
    await eventually('a failure', () => sinks.views()[0]?.state === 'waiting');
    const ask = (key: string) => app.inject({ url: '/sinks', headers: { 'x-api-key': key } });
    expect((await ask(READER)).statusCode).toBe(403);
    const answer = await ask(ADMIN);
    expect(answer.json().sinks).toEqual([
      {
        id: 'bad',
        type: 'file',
        state: 'waiting',
        cursor: 0,
        behind: 1,
        delivered: 0,
        failures: expect.any(Number),
        lastError: {
          code: 'SINK_FAILED',
          message: `the file ${folder} could not be written: EISDIR`,
          at: new Date(clock.wallMs()).toISOString(),
        },
        retryAt: expect.toSatisfy((at) => at === null || Date.parse(at) > clock.wallMs()),
        path: folder,
        bytes: null,
        rotations: 0,
      },
    ]);
    const text = await parts.metrics.text();
    expect(text).toContain('facegate_sink_behind{sink="bad",type="file",tenant="default"} 1');
    expect(text).toContain('facegate_sink_state{sink="bad",state="waiting",tenant="default"} 1');
    expect(text).toContain('facegate_sink_state{sink="bad",state="delivering",tenant="default"} 0');
    expect(text).toMatch(/facegate_sink_failures_total\{sink="bad",type="file",tenant="default"\} [1-9]/);
    await app.close();
    parts.dispose();
  });
});
