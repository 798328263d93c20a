import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../config/error-codes.ts';
import {
  adviceFor,
  bitRate,
  cameraSummary,
  decoderWords,
  droppedWords,
  failoverWords,
  mostWords,
  reconnectWords,
  sendsWords,
} from '../../web/src/wall/camera-words.ts';
import { aCameraView } from '../support/a-camera-view.ts';

const plain = (text: string | null) => text?.replaceAll('\u00a0', ' ');

describe('cameraSummary', () => {
  it('says what comes and what is analysed', () => {
    expect(cameraSummary(aCameraView())).toBe('It sends 25 pictures a second; 4.8 of them are analysed.');
  });

  it('says that the first address fails', () => {
    const camera = aCameraView({ streamInUse: { index: 1, url: 'rtsp://10.0.0.6/s' } });
    camera.settings.failover = ['rtsp://10.0.0.6/s'];
    expect(cameraSummary(camera)).toMatch(/The first address fails; the other one is in use\.$/);
  });

  it('says that the machine cannot do what was asked for', () => {
    const { fps } = aCameraView();
    const held = aCameraView({ fps: { ...fps, effective: 2.38, why: 'overload', analysed: 2.4 } });
    expect(cameraSummary(held)).toMatch(/2\.4 of them are analysed\. The machine cannot do the 5 asked for\.$/);
    expect(mostWords(held.fps)).toBe('at most 2.4 for now: the machine cannot do the 5 asked for');
    expect(mostWords(fps)).toBe('at most 5');
  });

  it('says why it is away and what to do', () => {
    const camera = aCameraView({
      state: 'reconnecting',
      code: 'STREAM_AUTH_FAILED',
      message: 'camera 10.0.0.5 refused the user name or password',
      stream: null,
    });
    expect(cameraSummary(camera)).toMatch(/^Camera 10\.0\.0\.5 refused .+\. Check user name and password/);
  });

  it('says that it is switched off, whatever else', () => {
    expect(cameraSummary(aCameraView({ enabled: false, state: 'idle', stream: null }))).toMatch(/^Switched off/);
  });

  it.each(['idle', 'connecting', 'stalled', 'frozen', 'reconnecting', 'closed', 'failed'] as const)(
    'has no empty piece in the state %s',
    (state) => {
      const code = state === 'frozen' ? 'STREAM_FROZEN' : null;
      expect(cameraSummary(aCameraView({ state, code, stream: null }))).not.toMatch(/null|undefined|NaN/);
    },
  );
});

it.each(Object.keys(ERROR_CODES).filter((code) => code.startsWith('STREAM_')))('has advice for %s', (code) => {
  expect(adviceFor(code)).toMatch(/[.?]$/);
});

it('names figures as people read them', () => {
  expect(plain(sendsWords(aCameraView()))).toBe('1920 × 1080, H.264, 2.1 Mbit/s');
  expect(sendsWords({ stream: null })).toBeNull();
  expect(plain(bitRate(640_400))).toBe('640 kbit/s');
  expect(plain(bitRate(999_600))).toBe('1.0 Mbit/s');
  expect(droppedWords({ busy: 0, thinned: 0, unchanged: 0, pool: 0, fault: 0 })).toBe('none');
  expect(droppedWords({ busy: 3, thinned: 2, unchanged: 7, pool: 0, fault: 1 })).toBe(
    '3 (the networks were busy), 2 (thinned out under overload), 7 (nothing had changed), 1 (the networks failed)',
  );
  expect(reconnectWords({ lastHour: 0, total: 0 })).toBe('never');
  expect(reconnectWords({ lastHour: 0, total: 4 })).toBe('not in the last hour, 4 in all');
  expect(reconnectWords({ lastHour: 3, total: 4 })).toBe('3 in the last hour, 4 in all');
});

it('says who decodes, and why not the one that was asked for', () => {
  const camera = aCameraView();
  expect(decoderWords(camera)).toBe('the processor');
  const stream = { ...camera.stream!, decoderReason: 'cuda: no device' };
  expect(decoderWords({ stream })).toBe('the processor: cuda: no device');
  expect(decoderWords({ stream: { ...stream, decoder: 'vaapi', decoderReason: null } })).toMatch(/hardware \(vaapi\)/);
});

it.each([
  [0, null],
  [1, 'the second'],
  [8, 'the ninth'],
])('names address %i of many', (index, which) => {
  const camera = aCameraView({ streamInUse: { index, url: 'rtsp://h/s' } });
  camera.settings.failover = Array(8).fill('rtsp://h/s');
  if (which === null) expect(failoverWords(camera)).toBeNull();
  else expect(failoverWords(camera)).toContain(which);
});
