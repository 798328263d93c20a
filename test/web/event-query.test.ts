import { describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../config/event-types.ts';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import {
  askedOfServer,
  EVERYTHING,
  type EventQuery,
  eventsHref,
  isAskedFor,
  parseEventQuery,
  partsOf,
} from '../../web/src/events/event-query.ts';
import { EVENT_KINDS, typesOf } from '../../web/src/events/event-words.ts';
import { parseRoute } from '../../web/src/state/page-address.ts';

const whole: EventQuery = { kinds: ['granted', 'denied'], door: 'lobby', camera: 'front door', person: 'Ada & Ben' };

/** As the page reads what stands in the address bar. */
function asked(hash: string): EventQuery {
  const route = parseRoute(hash);
  if (route.page !== 'events') throw new Error(`${hash} is ${route.page}`);
  return parseEventQuery(route.query);
}

describe('the question in the address', () => {
  it.each([whole, EVERYTHING, { ...EVERYTHING, person: '100% #?/,+' }, { ...EVERYTHING, kinds: EVENT_KINDS }])(
    'comes back as it was: %o',
    (query) => {
      expect(asked(eventsHref(query))).toEqual(query);
    },
  );

  it('is short and readable', () => {
    expect(eventsHref(EVERYTHING)).toBe('#/events');
    expect(eventsHref({ kinds: ['denied', 'granted'], door: 'lobby' })).toBe(
      '#/events?kinds=granted,denied&door=lobby',
    );
  });

  it.each([
    ['kinds=granted,constructor,', { ...EVERYTHING, kinds: ['granted'] }],
    ['door=&camera=%20&person=', EVERYTHING],
    ['%', EVERYTHING],
  ])('leaves out what is none: %s', (text, query) => {
    expect(parseEventQuery(text)).toEqual(query);
  });
});

describe('the question to the server', () => {
  it('names types, since the server knows no kinds', () => {
    expect(askedOfServer(whole)).toEqual({
      types: 'access.granted,access.denied',
      doors: 'lobby',
      camera: 'front door',
      subject: 'Ada & Ben',
    });
    expect(askedOfServer(EVERYTHING)).toEqual({});
  });

  it('has every type of event in exactly one kind', () => {
    expect(EVENT_KINDS.flatMap((kind) => typesOf([kind])).sort()).toEqual([...EVENT_TYPES].sort());
  });
});

describe('isAskedFor', () => {
  const event = {
    type: 'access.granted',
    door: 'lobby',
    camera: 'front door',
    subject: { id: 'a1', name: 'Ada & Ben' },
  } as AccessEvent;

  it('takes what is of everything that is named', () => {
    expect(isAskedFor(event, whole)).toBe(true);
    expect(isAskedFor(event, { ...EVERYTHING, person: 'a1' })).toBe(true);
    expect(isAskedFor({ ...event, door: null, camera: null, subject: null }, EVERYTHING)).toBe(true);
  });

  it.each<[string, Partial<AccessEvent>]>([
    ['type', { type: 'person.seen' }],
    ['door', { door: null }],
    ['camera', { camera: 'back' }],
    ['person', { subject: null }],
    ['name in another case', { subject: { id: 'b', name: 'ada & ben' } }],
  ])('leaves out another %s', (_what, part) => {
    expect(isAskedFor({ ...event, ...part }, whole)).toBe(false);
  });
});

it('names the parts that leave something out, each with the question without it', () => {
  expect(partsOf(EVERYTHING)).toEqual([]);
  expect(partsOf({ ...EVERYTHING, kinds: ['seen'], door: 'lobby' })).toEqual([
    { part: 'kinds', without: { ...EVERYTHING, door: 'lobby' } },
    { part: 'door', without: { ...EVERYTHING, kinds: ['seen'] } },
  ]);
});
