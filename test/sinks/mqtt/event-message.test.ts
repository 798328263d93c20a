import { expect, it } from 'vitest';
import { eventMessage, lifeOf } from '../../../sinks/mqtt/event-message.ts';
import { Topics } from '../../../sinks/mqtt/topics.ts';
import { accessEvent } from '../../support/access-event.ts';

const AT = Date.parse('2026-11-21T09:00:00.000Z');
const after = (ms: number) => new Date(AT + ms).toISOString();

it.each([
  [after(2000), 2],
  [after(1999), 1],
  [after(1000), 1],
  // 0 is no end at all to a broker.
  [after(999), 1],
  [after(1), 1],
])('a grant until %s may be handed over for %i s', (expiresAt, seconds) => {
  expect(lifeOf({ expiresAt, replay: false }, AT)).toBe(seconds);
});

it('what opens nothing has no end', () => {
  expect(lifeOf({ expiresAt: null, replay: false }, AT)).toBeNull();
  expect(lifeOf({ expiresAt: after(2000), replay: true }, AT)).toBeNull();
});

it.each([
  [1, false],
  [0, true],
  [-5000, true],
])('a grant with %i ms left says replay %s', (left, replay) => {
  const event = accessEvent({ type: 'access.granted', door: 'lobby', expiresAt: after(left), replay: false });
  const message = eventMessage(event, new Topics('facegate'), AT);
  expect(JSON.parse(message.payload)).toEqual({ ...event, replay });
  expect(message.expiresInS).toBe(replay ? null : 1);
});
