import { describe, expect, it } from 'vitest';
import { confirmationFps } from '../../../server/cameras/confirmation-fps.ts';

describe('confirmationFps', () => {
  const door = (cameras: string[], matches: number, withinMs: number) => ({ cameras, confirm: { matches, withinMs } });

  it('is what lets all matches come in time', () => {
    expect(confirmationFps([door(['front'], 3, 1500)], 'front')).toBe(2);
  });

  it('is that of the door that needs most, and nothing where no door looks through the camera', () => {
    const doors = [door(['front', 'back'], 3, 1500), door(['front'], 5, 1000), door(['side'], 1, 60_000)];
    expect(confirmationFps(doors, 'front')).toBe(5);
    expect(confirmationFps(doors, 'back')).toBe(2);
    expect(confirmationFps(doors, 'yard')).toBe(0);
  });
});
