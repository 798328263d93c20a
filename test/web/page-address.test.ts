import { describe, expect, it } from 'vitest';
import { hrefOf, momentHref, parseRoute } from '../../web/src/state/page-address.ts';

describe('the address of a page', () => {
  it.each([
    ['', { page: 'wall', camera: null }],
    ['#/wall/front%20door', { page: 'wall', camera: 'front door' }],
    ['#/wall/%', { page: 'wall', camera: '%' }],
    ['#/people', { page: 'people', person: null }],
    ['#/people/019ab', { page: 'people', person: '019ab' }],
    ['#/unknowns', { page: 'unknowns', moment: null }],
    ['#/unknowns/front/812', { page: 'unknowns', moment: { camera: 'front', frame: 812 } }],
    ['#/unknowns/front/x', { page: 'unknowns', moment: null }],
    ['#/unknowns/front', { page: 'unknowns', moment: null }],
    ['#/events', { page: 'events', query: '' }],
    ['#/events?door=lobby&person=a%20b', { page: 'events', query: 'door=lobby&person=a%20b' }],
    ['#/keys', { page: 'keys' }],
    ['#/feeds', { page: 'feeds' }],
    ['#/audit', { page: 'audit' }],
    ['#/constructor', { page: 'wall', camera: null }],
  ])('%j', (hash, expected) => {
    expect(parseRoute(hash)).toEqual(expected);
  });

  it('leads back to the same page', () => {
    const moment = { camera: 'a/b c', frame: 7 };
    expect(parseRoute(momentHref(moment))).toEqual({ page: 'unknowns', moment });
    expect(parseRoute(hrefOf('people', 'x/y'))).toEqual({ page: 'people', person: 'x/y' });
  });
});
