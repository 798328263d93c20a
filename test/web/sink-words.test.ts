import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../config/error-codes.ts';
import { lagWords, sinkFacts, sinkState } from '../../web/src/admin/sink-words.ts';
import type { SinkView } from '../../web/src/api/api-types.ts';

const sink = (part: Partial<SinkView> = {}): SinkView => ({
  id: 'file',
  type: 'file',
  state: 'delivering',
  cursor: 812,
  behind: 0,
  lastError: null,
  retryAt: null,
  ...part,
});
const webhook = (part: Partial<SinkView> = {}) =>
  sink({
    id: 'hook',
    type: 'webhook',
    disabledAt: null,
    disabledReason: null,
    waiting: 0,
    dead: 0,
    lastFailure: null,
    ...part,
  });
const lastError = { code: 'SINK_FAILED', message: 'the disk is full', at: '2026-11-21T09:00:00.000Z' };

describe('how a feed goes', () => {
  it.each([
    [sink(), { word: 'Delivering', tone: 'good', why: null }],
    [sink({ state: 'waiting', lastError }), { word: 'Trying again', tone: 'warn', why: 'the disk is full' }],
    [sink({ state: 'closed' }), { word: 'Stopped', tone: 'warn', why: null }],
    [webhook({ lastFailure: 'it answered 500' }), { word: 'Trying again', tone: 'warn', why: 'it answered 500' }],
    [
      webhook({ state: 'disabled', disabledReason: 'it answered 410', lastFailure: 'it answered 500' }),
      { word: 'Disabled', tone: 'bad', why: 'it answered 410' },
    ],
    [
      sink({ type: 'mqtt', trouble: 'MQTT_AUTH_FAILED' }),
      { word: 'Trying again', tone: 'warn', why: ERROR_CODES.MQTT_AUTH_FAILED.means },
    ],
    [sink({ type: 'mqtt', broker: 'online', trouble: null }), { word: 'Delivering', tone: 'good', why: null }],
    // What a file says under a webhook's name is no webhook's.
    [sink({ lastFailure: 'x' }), { word: 'Delivering', tone: 'good', why: null }],
  ])('%o', (view, state) => {
    expect(sinkState(view)).toEqual(state);
  });
});

describe('how far a feed has got', () => {
  it.each([
    [sink(), 'Up to date'],
    [sink({ behind: 1 }), '1 event behind'],
    [sink({ behind: 1204 }), `${(1204).toLocaleString()} events behind`],
    [webhook({ waiting: 1 }), '1 event waits to be sent'],
    [webhook({ behind: 2, waiting: 3 }), '2 events behind, 3 events wait to be sent'],
  ])('%o', (view, words) => {
    expect(lagWords(view)).toBe(words);
  });
});

it('shows what a kind of feed knows besides, also one that is not known here, and nothing twice', () => {
  const view = sink({
    path: '/var/log/doors.jsonl',
    bytes: 4096,
    inFlight: 2,
    retained: true,
    trouble: null,
    odd: { a: 1 },
  });
  expect(sinkFacts(view)).toEqual([
    ['File', '/var/log/doors.jsonl'],
    ['Bytes in it', (4096).toLocaleString()],
    ['In flight', '2'],
    ['Retained', 'yes'],
  ]);
});
