import { describe, expect, it } from 'vitest';
import { createDoor } from '../../../access/door.ts';
import { settingsSchema } from '../../../config/settings-schema.ts';
import type { CameraState } from '../../../pipeline/camera-status.ts';
import { resultNow } from '../../../server/cameras/result-now.ts';
import { knownFace, Scene } from '../../support/scene.ts';

/** What a door says to the last of three pictures that would open it, the camera being in that state by then. */
function answerIn(state: CameraState): string[] {
  const scene = new Scene();
  const door = { id: 'lobby', cameras: ['front'], allow: ['Ada'], maxAge: '10s', confirm: { within: '10s' } };
  const lobby = createDoor(settingsSchema.parse({ doors: [door] }).doors[0]!, { clock: scene.clock });
  const drafts = [1, 2, 3].map((n) => {
    scene.clock.advance(200);
    return lobby.decide(resultNow(scene.result([knownFace('Ada')]), n < 3 ? 'running' : state));
  });
  return drafts.flat().map(({ type }) => type);
}

describe('a picture that was under way when its camera', () => {
  it.each<[CameraState, string[]]>([
    ['running', ['access.granted']],
    // It broke off right after a good picture.
    ['reconnecting', ['access.granted']],
    // A film ends before its last pictures are analysed.
    ['closed', ['access.granted']],
    ['stalled', []],
    ['frozen', []],
  ])('became %s is answered with %j', (state, answer) => {
    expect(answerIn(state)).toEqual(answer);
  });

  it('hung is still shown, and can be kept', () => {
    const result = new Scene().result([knownFace('Ada')]);
    const now = resultNow(result, 'frozen');
    expect(now).toEqual({ ...result, frame: { ...result.frame, degraded: true } });
    expect(result.frame.degraded).toBe(false);
  });
});
