import { z } from 'zod';
import { EVENT_TYPES, type EventType, eventTypeExpectation } from '../config/event-types.ts';
import { wholeQuery } from './api-schemas.ts';

const MOST_NAMES = 100;

/** `a,b` and `x=a&x=b` are the same. */
const names = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [given].flat().flatMap((text) => text.split(',')))
  .refine((given) => given.length <= MOST_NAMES, `must name at most ${MOST_NAMES}`)
  .refine((given) => given.every((name) => name.length > 0 && name.length <= 200), 'must name 1 or more, like "a,b"');

const isType = (name: string): name is EventType => (EVENT_TYPES as readonly string[]).includes(name);

const types = names
  .transform((given, context) => {
    const unknown = given.find((name) => !isType(name));
    if (unknown === undefined) return given.filter(isType);
    context.addIssue({ code: 'custom', message: `${eventTypeExpectation(unknown)}, got ${JSON.stringify(unknown)}` });
    return z.NEVER;
  })
  .meta({ type: 'string', examples: ['access.granted,access.denied'] })
  .optional()
  .describe('only events of these types, separated by commas');

const doors = names
  .meta({ type: 'string' })
  .optional()
  .describe('only events of these doors, ids separated by commas; what is of no door is left out');

const since = wholeQuery(0, Number.MAX_SAFE_INTEGER).optional();

// Strict: whoever writes `door=lobby` would otherwise get the events of all doors.
export const eventsQuery = z
  .strictObject({
    since: since.describe('events after this number, ascending: page by page with `next`'),
    before: wholeQuery(1, Number.MAX_SAFE_INTEGER)
      .optional()
      .describe('the newest events below this number; without it and `since`, the newest there are'),
    limit: wholeQuery(1, 1000).default(100),
    types,
    doors,
    camera: z.string().min(1).max(200).optional().describe('only events of this camera, an id'),
    subject: z.string().min(1).max(200).optional().describe('only events about this subject, an id or a name'),
  })
  .refine(({ since, before }) => since === undefined || before === undefined, {
    path: ['before'],
    message: 'cannot stand beside "since"',
  });

export const feedQuery = z.strictObject({
  since: since.describe('replays what came after this number first'),
  types,
  doors,
});
