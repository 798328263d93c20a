import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { isOpen, scheduleState } from '../../access/schedule.ts';
import { DAYS, type Schedule, schedulesSchema } from '../../config/door-settings.ts';

const MINUTE_MS = 60_000;
const schedule = (fields: object, timeZone = 'Europe/Berlin') =>
  schedulesSchema.parse({ it: { timeZone, ...fields } }).it as Schedule;
const at = (iso: string) => Date.parse(iso);

const office = schedule({
  times: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '07:00', until: '19:00' }],
  except: [
    { date: '2026-12-24', until: '2026-12-26', times: [] },
    { date: '2026-12-31', times: [{ from: '09:00', until: '12:00' }] },
  ],
});
const night = schedule({ times: [{ days: ['fri'], from: '22:00', until: '06:00' }] });

describe('a schedule', () => {
  it.each<[string, Schedule, string, boolean, string | null]>([
    ['before it opens', office, '2026-11-20T05:59:59.999Z', false, '2026-11-20T06:00:00Z'],
    ['when it opens', office, '2026-11-20T06:00:00Z', true, '2026-11-20T18:00:00Z'],
    ['before it closes', office, '2026-11-20T17:59:59.999Z', true, '2026-11-20T18:00:00Z'],
    ['when it closes, before a weekend', office, '2026-11-20T18:00:00Z', false, '2026-11-23T06:00:00Z'],
    ['in summer, an hour earlier by UTC', office, '2026-07-01T05:00:00Z', true, '2026-07-01T17:00:00Z'],
    ['on a holiday, and the weekend after', office, '2026-12-24T09:00:00Z', false, '2026-12-28T06:00:00Z'],
    ['on a day with other times', office, '2026-12-31T08:00:00Z', true, '2026-12-31T11:00:00Z'],
    ['after them', office, '2026-12-31T12:00:00Z', false, '2027-01-01T06:00:00Z'],
    ['over midnight', night, '2026-11-21T00:00:00Z', true, '2026-11-21T05:00:00Z'],
    ['on the evening after it', night, '2026-11-21T22:00:00Z', false, '2026-11-27T21:00:00Z'],
    ['without times', schedule({}), '2026-11-21T22:00:00Z', false, null],
    ['that never closes', schedule({ times: [{ from: '00:00', until: '24:00' }] }), '2026-11-21T22:00:00Z', true, null],
    [
      'of two times that touch',
      schedule(
        {
          times: [
            { from: '08:00', until: '12:00' },
            { from: '12:00', until: '14:00' },
          ],
        },
        'UTC',
      ),
      '2026-11-21T09:00:00Z',
      true,
      '2026-11-21T14:00:00Z',
    ],
  ])('%s', (_, of, moment, open, next) => {
    expect(isOpen(of, at(moment))).toBe(open);
    expect(scheduleState(of, at(moment))).toMatchObject({ open, changesAtMs: next === null ? null : at(next) });
  });

  it('names the exception that holds', () => {
    expect(scheduleState(office, at('2026-12-25T09:00:00Z')).exception).toBe('2026-12-24');
    expect(scheduleState(office, at('2026-12-23T09:00:00Z')).exception).toBeNull();
    // 23:30 UTC is the next day in Berlin.
    expect(scheduleState(office, at('2026-12-23T23:30:00Z')).exception).toBe('2026-12-24');
  });

  it.each<[string, object, string[], string[]]>([
    // The clocks go from 02:00 to 03:00 at 01:00 UTC on 2026-03-29, and from 03:00 to 02:00 at 01:00 UTC on 2026-10-25.
    [
      '`until` is skipped',
      { from: '01:30', until: '02:30' },
      ['2026-03-29T00:30:00Z', '2026-03-29T00:59:59Z'],
      ['2026-03-29T01:00:00Z'],
    ],
    [
      '`from` is skipped',
      { from: '02:30', until: '05:00' },
      ['2026-03-29T01:00:00Z', '2026-03-29T02:59:59Z'],
      ['2026-03-29T00:59:59Z', '2026-03-29T03:00:00Z'],
    ],
    [
      'both are skipped',
      { from: '02:10', until: '02:50' },
      [],
      ['2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z'],
    ],
    [
      '`until` comes twice',
      { from: '01:00', until: '02:30' },
      ['2026-10-24T23:00:00Z', '2026-10-25T00:29:59Z'],
      ['2026-10-25T00:30:00Z', '2026-10-25T01:10:00Z', '2026-10-25T01:29:00Z'],
    ],
    [
      '`from` comes twice',
      { from: '02:30', until: '04:00' },
      ['2026-10-25T00:30:00Z', '2026-10-25T01:10:00Z', '2026-10-25T02:59:59Z'],
      ['2026-10-25T00:29:59Z', '2026-10-25T03:00:00Z'],
    ],
    [
      'both come twice',
      { from: '02:10', until: '02:50' },
      ['2026-10-25T00:10:00Z', '2026-10-25T00:49:59Z'],
      ['2026-10-25T00:50:00Z', '2026-10-25T01:20:00Z'],
    ],
    [
      'it goes over that night',
      { from: '22:00', until: '06:00' },
      ['2026-10-24T20:00:00Z', '2026-10-25T04:59:59Z'],
      ['2026-10-25T05:00:00Z', '2026-10-24T19:59:59Z'],
    ],
  ])('where summer time comes or goes and %s', (_, times, open, closed) => {
    for (const moment of open)
      expect([moment, isOpen(schedule({ times: [times] }), at(moment))]).toEqual([moment, true]);
    for (const moment of closed)
      expect([moment, isOpen(schedule({ times: [times] }), at(moment))]).toEqual([moment, false]);
  });

  it('ends a night at the midnight before an exception, and lets an exception have nights of its own', () => {
    const times = [{ from: '22:00', until: '06:00' }];
    const closed = schedule({ times, except: [{ date: '2026-12-24' }] }, 'UTC');
    expect(isOpen(closed, at('2026-12-23T23:59:59Z'))).toBe(true);
    expect(isOpen(closed, at('2026-12-24T00:00:00Z'))).toBe(false);
    expect(isOpen(closed, at('2026-12-25T01:00:00Z'))).toBe(false);
    const feast = schedule({ except: [{ date: '2026-12-24', until: '2026-12-25', times }] }, 'UTC');
    expect(
      ['2026-12-24T01:00:00Z', '2026-12-25T01:00:00Z', '2026-12-26T01:00:00Z'].map((iso) => isOpen(feast, at(iso))),
    ).toEqual([false, true, true]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e20])('is closed at %d, which is no moment', (ms) => {
    const always = schedule({ times: [{ from: '00:00', until: '24:00' }] });
    expect(isOpen(always, ms)).toBe(false);
    expect(scheduleState(always, ms)).toEqual({ open: false, changesAtMs: null, exception: null });
  });

  const zones = [
    'Europe/Berlin',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
    'Asia/Kathmandu',
    'UTC',
  ];
  const clockTime = fc.nat({ max: 47 }).map((half) => half * 30);
  const span = fc
    .record({ days: fc.subarray([...DAYS], { minLength: 1 }), from: clockTime, until: clockTime })
    .filter(({ from, until }) => from !== until);

  /** By what the clock there shows, minute by minute: slow, and another way to the same. */
  function opens(of: Schedule, ms: number): boolean {
    const local = (moment: number) => DateTime.fromMillis(moment, { zone: of.timeZone });
    const midnight = (days: number) => local(ms).startOf('day').plus({ days }).startOf('day').toMillis();
    return [-1, 0].some((days) => {
      const begins = midnight(days);
      return of.times.some(({ days: on, from, until }) => {
        if (!on.includes(DAYS[local(begins + 12 * 60 * MINUTE_MS).weekday - 1]!)) return false;
        const shows = (startMs: number, minutes: number) => {
          for (let moment = startMs; ; moment += MINUTE_MS) {
            const { hour, minute } = local(moment);
            const isLater =
              local(moment).toFormat('yyyy-MM-dd') > local(startMs + 6 * 60 * MINUTE_MS).toFormat('yyyy-MM-dd');
            if (isLater || hour * 60 + minute >= minutes) return moment;
          }
        };
        const from_ = shows(begins, from);
        const until_ = until < from ? shows(midnight(days + 1), until) : shows(begins, until);
        return ms >= from_ && ms < until_;
      });
    });
  }

  it('is open exactly while the clock on the wall says so, in every zone, also when summer time comes and goes', () => {
    // Around the changes of 2026 in those zones, and anywhere.
    const changes = ['2026-03-29', '2026-10-25', '2026-03-08', '2026-11-01', '2026-04-05', '2026-10-04', '2026-02-15'];
    const moment = fc.oneof(
      fc
        .record({ day: fc.constantFrom(...changes), minutes: fc.integer({ min: -1440, max: 2880 }) })
        .map(({ day, minutes }) => Date.parse(day) + minutes * MINUTE_MS),
      fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 0) }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.array(span, { maxLength: 3 }), moment, (timeZone, times, ms) => {
        expect(isOpen({ timeZone, times, except: [] }, ms)).toBe(opens({ timeZone, times, except: [] }, ms));
      }),
      { numRuns: 120 },
    );
  });

  it('changes next exactly when it says, and not before', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.array(span, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: Date.UTC(2026, 2, 20), max: Date.UTC(2026, 10, 10) }),
        (timeZone, times, ms) => {
          const of = { timeZone, times, except: [] };
          const { open, changesAtMs } = scheduleState(of, ms);
          if (changesAtMs === null) return;
          expect(changesAtMs).toBeGreaterThan(ms);
          expect(isOpen(of, changesAtMs)).toBe(!open);
          for (let n = 0; n < 40; n += 1) expect(isOpen(of, ms + ((changesAtMs - ms - 1) * n) / 39)).toBe(open);
        },
      ),
      { numRuns: 80 },
    );
  });
});
