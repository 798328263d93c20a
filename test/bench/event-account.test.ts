import { describe, expect, it } from 'vitest';
import { EVENT_STAGES, EventAccounts, type HeardEvent } from '../../bench/live/event-account.ts';
import type { TraceSpan } from '../../bench/live/stage-account.ts';
import { eventEnvelope } from '../support/event-envelope.ts';

const FRAME = 812;
const spans: TraceSpan[] = [
  span('decode', 1030, 8),
  span('scale', 1038, 4),
  span('pipe', 1042, 2),
  span('queue', 1044, 1),
  span('handover', 1045, 2),
  span('detect', 1047, 30),
  span('embed', 1077, 20),
  span('answer', 1097, 3),
  span('order', 1100, 1),
  span('search', 1101, 2),
  span('decide', 1103, 1.5),
  span('record', 1104.5, 4),
  span('tell', 1108.5, 0.5),
  span('decide', 1109, 9),
  // Of others: the same frame in the process that analysed it and on its way to a viewer, and another frame.
  { ...span('detect', 1047, 30), pid: 2 },
  { ...span('send', 1125, 1), pid: 3 },
  span('detect', 1247, 700, FRAME + 5),
];

function span(name: string, fromMs: number, ms: number, frame = FRAME): TraceSpan {
  return { name, ph: 'X', ts: fromMs * 1000, dur: ms * 1000, pid: 1, args: { camera: 'front', frame } };
}

function heard(atMs: number, fields = {}): HeardEvent {
  const event = eventEnvelope(41, { frameSequence: FRAME, capturedAt: '2026-11-21T09:00:00.120Z', ...fields });
  return { event, atMs, wallMs: Date.parse('2026-11-21T09:00:00.200Z') };
}

describe('the account of an event', () => {
  it('has all of its time in the stages, from when its frame was due until a client had it', () => {
    const time = new EventAccounts(spans).of(heard(1110), 1000)!;
    expect(time.stages).toEqual({
      network: 30,
      ffmpeg: 14,
      queue: 1,
      networks: 55,
      search: 3,
      decide: 1.5,
      record: 4,
      feed: 1.5,
    });
    expect(Object.keys(time.stages)).toEqual([...EVENT_STAGES]);
    expect(time).toMatchObject({ wholeMs: 110, sumMs: 110, sinceCapturedMs: 80 });
  });

  it.each(['scale', 'queue', 'embed', 'search'])('lacks what %s took where nobody told of it', (name) => {
    const rest = spans.filter((each) => each.name !== name);
    const { dur } = spans.find((each) => each.name === name)!;
    expect(new EventAccounts(rest).of(heard(1110), 1000)).toMatchObject({ wholeMs: 110, sumMs: 110 - dur / 1000 });
  });

  it.each([
    ['whose frame is not in the trace', heard(1110, { frameSequence: 1 }), spans],
    ['of another camera', heard(1110, { camera: 'back' }), spans],
    ['of no frame', heard(1110, { camera: null, frameSequence: null, capturedAt: null }), spans],
    ['whose frame the trace has only a part of', heard(1110), spans.filter(({ name }) => name !== 'decode')],
    ['that the trace does not see written', heard(1110), spans.filter(({ name }) => name !== 'record')],
  ])('is not made for an event %s', (_, each, given) => {
    expect(new EventAccounts(given).of(each, 1000)).toBeNull();
  });
});
