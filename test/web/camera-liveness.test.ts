import { describe, expect, it } from 'vitest';
import { cameraLiveness } from '../../web/src/wall/camera-liveness.ts';

const NOW = Date.parse('2026-11-21T14:00:00Z');
const running = { state: 'running', message: null, since: '2026-11-21T13:00:00Z', retryAt: null } as const;

describe('cameraLiveness', () => {
  it('is live with a young picture', () => {
    expect(cameraLiveness(running, NOW - 900, 0, true, NOW)).toEqual({
      live: true,
      tone: 'live',
      word: 'Live',
      sentence: null,
    });
  });

  it('is not live when nothing new came for more than 5 s, and says since when', () => {
    expect(cameraLiveness(running, NOW - 5000, 0, true, NOW).live).toBe(true);
    const stale = cameraLiveness(running, NOW - 5001, 0, true, NOW);
    expect(stale).toMatchObject({ live: false, word: 'Stale' });
    expect(stale.sentence).toMatch(/^No new picture for 5\u00a0s, since \d\d:\d\d:\d\d\.$/);
  });

  it('is not live without the server, however young its picture', () => {
    expect(cameraLiveness(running, NOW - 100, 0, false, NOW)).toMatchObject({ live: false, word: 'Not connected' });
  });

  it('is not live in another state, however young its picture, and says why in the server’s words', () => {
    const away = {
      state: 'reconnecting',
      message: 'camera front refused the user name or password',
      since: '2026-11-21T13:59:00Z',
      retryAt: '2026-11-21T14:00:08Z',
    } as const;
    const { live, sentence } = cameraLiveness(away, NOW - 100, 0, true, NOW);
    expect(live).toBe(false);
    expect(sentence).toMatch(
      /^Camera front refused the user name or password\. Since \d\d:\d\d:\d\d\. Next try in 8\u00a0s\.$/,
    );
  });

  it.each(['idle', 'connecting', 'stalled', 'frozen', 'reconnecting', 'closed', 'failed'] as const)(
    'has a sentence for the state %s where the server says nothing',
    (state) => {
      const { live, sentence } = cameraLiveness({ ...running, state }, NOW, 0, true, NOW);
      expect(live).toBe(false);
      expect(sentence).toMatch(/^[A-Z].+\. Since .+\.$/);
    },
  );

  it('is patient with a tile that just opened, not with one that stays empty', () => {
    expect(cameraLiveness(running, null, NOW - 1000, true, NOW)).toMatchObject({ live: false, tone: 'waiting' });
    expect(cameraLiveness(running, null, NOW - 9000, true, NOW)).toMatchObject({
      live: false,
      tone: 'off',
      word: 'No picture',
    });
  });
});
