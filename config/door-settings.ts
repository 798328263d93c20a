import { IANAZone } from 'luxon';
import { z } from 'zod';
import { duration, id, text, whole } from './setting-types.ts';

// Whom a door opens for, when, and how sure it must be. The descriptions are the text of docs/configuration.md.

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof DAYS)[number];

/** Names of the scorers that say whether a face is live; a door with `liveness` needs one of them. */
export const LIVENESS_SCORERS: readonly string[] = ['minifasnet'];

const ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const CLOCK_TIME = /^(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$/;

/** Minutes since midnight; 24:00 is 1440. */
const clockTime = z
  .string({ error: 'must be a time like "07:00", between 00:00 and 24:00' })
  .regex(CLOCK_TIME, 'must be a time like "07:00", between 00:00 and 24:00')
  .transform((value) => Number(value.slice(0, 2)) * 60 + Number(value.slice(3)))
  .meta({ words: 'a time, 00:00 to 24:00' });

const date = z
  .string({ error: 'must be a date like "2026-12-24"' })
  .refine(isDate, { error: 'must be a date like "2026-12-24"' })
  .meta({ words: 'a date like 2026-12-24' });

const from = clockTime.describe('From this time on …');
const until = clockTime.describe(
  '… until before this one, by the clock on the wall there. Earlier than `from`: of the next day.',
);
const spansTime = {
  error: 'must not be the same as "from"; write from 00:00 until 24:00 for a whole day',
  path: ['until'],
};
const differ = (span: { from: number; until: number }) => span.from !== span.until;

const schedule = z.strictObject({
  timeZone: z
    .string()
    .refine((zone) => IANAZone.isValidZone(zone), { error: 'must be a time zone like "Europe/Berlin"' })
    .meta({ words: 'a time zone like `Europe/Berlin`' })
    .describe('Whose clock it goes by; summer time comes and goes with it.'),
  times: z
    .array(
      z
        .strictObject({
          days: z
            .array(z.enum(DAYS, { error: `must be one of ${DAYS.join(', ')}` }))
            .min(1, 'must name at least one day')
            .default([...DAYS])
            .describe('On these days. Default: all.'),
          from,
          until,
        })
        .refine(differ, spansTime),
    )
    .max(100, 'must have at most 100 members')
    .default([]),
  except: z
    .array(
      z
        .strictObject({
          date: date.describe('On this day …'),
          until: date.optional().describe('… to this one, that day included. Default: that one day.'),
          times: z
            .array(z.strictObject({ from, until }).refine(differ, spansTime))
            .max(100, 'must have at most 100 members')
            .default([]),
        })
        .refine((one) => one.until === undefined || one.until >= one.date, {
          error: 'must not be before "date"',
          path: ['until'],
        }),
    )
    .max(1000, 'must have at most 1000 members')
    .default([]),
});

export const schedulesSchema = z
  .record(z.string().regex(ID, 'must be 1 to 64 of a–z, 0–9, "-" and "_", starting with a letter or digit'), schedule)
  .default({});

const scheduleName = z
  .string()
  .min(1, 'must not be empty')
  .max(64, 'must have at most 64 characters')
  .optional()
  .meta({ words: 'the name of a schedule' });

/** Somebody, or everybody of a group; a plain text is somebody. */
const allowed = z.union(
  [
    text(200).transform((subject) => ({ subject, group: null, schedule: null })),
    z
      .strictObject({ subject: text(200), schedule: scheduleName })
      .transform((one) => ({ subject: one.subject, group: null, schedule: one.schedule ?? null })),
    z
      .strictObject({ group: text(100), schedule: scheduleName })
      .transform((one) => ({ subject: null, group: one.group, schedule: one.schedule ?? null })),
  ],
  { error: 'must be a name, an id, { subject: NAME, schedule: … } or { group: NAME, schedule: … }' },
);

export const doorSchema = z.strictObject({
  id: id.describe('Its name in addresses, events and topics; unique.'),
  name: text(100).optional().describe('Its name for people. Default: the id.'),
  cameras: z
    .array(id)
    .min(1, 'must name at least one camera')
    .meta({ words: 'list of camera ids' })
    .describe('The cameras that look at this door, by their ids.'),
  allow: z
    .array(allowed)
    .max(10_000, 'must have at most 10000 members')
    .prefault([])
    .meta({ words: 'list of names, ids, `{ subject, schedule }`, `{ group, schedule }`' })
    .describe(
      'Whom it opens for: subjects by name or id, or whole groups, each at all times or by a schedule of their own. Empty: nobody.',
    ),
  schedule: scheduleName.describe('When it opens at all, by the name of a schedule. Default: at all times.'),
  confirm: z
    .strictObject({
      matches: whole(1, 50)
        .default(3)
        .describe('So many different frames must show the same subject, each one above the threshold …'),
      within: duration('100ms', '60s').prefault('1500ms').describe('… within this time.'),
    })
    .prefault({}),
  maxAge: duration('50ms', '10s')
    .prefault('500ms')
    .describe('A decision on a picture older than this is dropped, never delivered late.'),
  cooldown: duration('0s', '1h')
    .prefault('5s')
    .describe(
      'After a grant the door says nothing more about that subject for so long; after a denial, not that one again.',
    ),
  liveness: z
    .boolean()
    .default(false)
    .describe(
      'Open only for faces that pass for live ones, in each of the frames that count. Needs a liveness network in `models.scorers`.',
    ),
});

export type DoorSettings = z.output<typeof doorSchema>;
export type AllowEntry = DoorSettings['allow'][number];
export type Schedule = z.output<typeof schedule>;
export type Schedules = Readonly<Record<string, Schedule>>;

function isDate(value: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const [year, month, day] = value.split('-').map(Number) as [number, number, number];
  const at = new Date(Date.UTC(year, month - 1, day));
  return at.getUTCFullYear() === year && at.getUTCMonth() === month - 1 && at.getUTCDate() === day;
}
