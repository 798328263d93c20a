import { describe, expect, it } from 'vitest';
import type { DenialReason } from '../../access/door.ts';
import { ERROR_CODES } from '../../config/error-codes.ts';
import type { AccessEvent, AccessEventType } from '../../pipeline/access-event.ts';
import { isFresh } from '../../web/src/doors/answer-age.ts';
import { eventKind, eventSentence, reasonWords, similarityWords } from '../../web/src/events/event-words.ts';

const names = {
  door: (id: string | null) => (id === 'lobby' ? 'Lobby' : ''),
  camera: (id: string | null) => (id === 'front' ? 'Front door' : ''),
};
const event = (type: AccessEventType, part: Partial<AccessEvent> = {}) =>
  ({
    type,
    door: 'lobby',
    camera: 'front',
    subject: { id: 's', name: 'Ada' },
    similarity: 0.7,
    reason: null,
    replay: false,
    decidedAt: '2026-11-21T09:00:00.000Z',
    expiresAt: null,
    ...part,
  }) as AccessEvent;

describe('eventSentence', () => {
  it.each([
    [event('access.granted'), 'Lobby granted to Ada'],
    [event('access.denied', { reason: 'not_allowed' }), 'Lobby denied to Ada: not on the door’s list'],
    [event('access.denied', { subject: null, reason: 'unknown' }), 'Lobby denied to Unknown person: matches nobody'],
    [event('access.granted', { subject: null, camera: null, reason: 'manual' }), 'Lobby opened by hand'],
    [event('access.denied', { reason: 'locked_down' }), 'Lobby denied to Ada: the door is locked down'],
    [
      event('door.locked_down', { subject: null, reason: 'key desk: Fire_Drill' }),
      'Lobby is locked down by key desk: Fire_Drill',
    ],
    [event('door.released', { subject: null, reason: 'key desk' }), 'Lobby is released by key desk'],
    [event('door.policy_changed', { subject: null, reason: 'changed' }), 'Lobby goes by other rules now'],
    [event('door.policy_changed', { subject: null, reason: 'removed' }), 'Lobby is no longer a door'],
    [event('person.seen'), 'Ada seen at Front door'],
    [event('person.left'), 'Ada left Front door'],
    [
      event('camera.reconnecting', { subject: null, reason: 'STREAM_TIMEOUT' }),
      'Front door is reconnecting: stays silent',
    ],
    [
      event('system.fault', { subject: null, reason: 'INFERENCE_DIED' }),
      `Fault: ${ERROR_CODES.INFERENCE_DIED.means.slice(0, -1)}`,
    ],
  ])('%o', (given, sentence) => {
    expect(eventSentence(given, names)).toBe(sentence);
  });
});

it('has words of its own for every reason that a door gives', () => {
  const reasons: readonly DenialReason[] = [
    'unknown',
    'not_allowed',
    'outside_schedule',
    'expired',
    'unfit',
    'spoof',
    'stale',
    'degraded',
    'locked_down',
  ];
  for (const reason of [...reasons, 'manual'])
    expect(reasonWords(reason), reason).not.toBe(reason.replaceAll('_', ' '));
});

it('takes every state of a camera for a camera event', () => {
  expect(eventKind('camera.frozen')).toBe('camera');
  expect(eventKind('system.fault')).toBe('system');
});

it('makes a reason that it does not know readable', () => {
  expect(reasonWords('seen_on_the_moon')).toBe('seen on the moon');
});

it('does not call the best of the others a similarity of nobody', () => {
  expect(similarityWords(event('access.denied', { subject: null }))).toBe('best 0.70');
  expect(similarityWords(event('access.granted'))).toBe('similarity 0.70');
  expect(similarityWords(event('camera.running', { similarity: null }))).toBeNull();
});

describe('isFresh', () => {
  const heard = 1_000_000;
  const until = (expiresAt: string) => event('access.granted', { expiresAt });

  it('lasts as long as the grant, measured from when it was heard', () => {
    const grant = until('2026-11-21T09:00:03.000Z');
    expect(isFresh(grant, heard, heard + 2999)).toBe(true);
    expect(isFresh(grant, heard, heard + 3000)).toBe(false);
  });

  it('never counts an answer from the log, nor one that nobody heard', () => {
    expect(isFresh({ ...until('2026-11-21T09:00:03.000Z'), replay: true }, heard, heard)).toBe(false);
    expect(isFresh(until('2026-11-21T09:00:03.000Z'), undefined, heard)).toBe(false);
  });

  it('is not fooled by an expiry that is no time', () => {
    expect(isFresh(until('soon'), heard, heard + 4999)).toBe(true);
    expect(isFresh(until('soon'), heard, heard + 5000)).toBe(false);
  });
});
