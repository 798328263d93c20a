import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import {
  numberOfCells,
  readStrip,
  STRIP_NUMBERS,
  stripCells,
  stripFilters,
} from '../../bench/live/frame-number-strip.ts';
import { requirement } from '../support/requirements.ts';

describe('the strip that says a frame’s number', () => {
  it('says every number it can', () => {
    for (let number = 0; number < STRIP_NUMBERS; number += 1) expect(numberOfCells(stripCells(number))).toBe(number);
  });

  it('is read through noise of a third of the range', () => {
    const noisy = stripCells(613).map((cell, i) => (cell === 255 ? 255 - ((i * 37) % 85) : (i * 53) % 85));
    expect(numberOfCells(noisy)).toBe(613);
  });

  it('says nothing where a cell is neither', () => {
    const cells = stripCells(613);
    cells[7] = cells[6]!;
    expect(numberOfCells(cells)).toBeNull();
  });

  it('is not seen in a picture without one', async () => {
    const picture = await sharp({ create: { width: 640, height: 360, channels: 3, background: '#6a7b30' } })
      .jpeg()
      .toBuffer();
    expect(await readStrip(picture)).toBeNull();
  });

  describe.skipIf(!requirement('ffmpeg').met)('drawn by ffmpeg', () => {
    const dir = mkdtempSync(join(tmpdir(), 'facegate-strip-'));
    afterAll(() => rmSync(dir, { recursive: true, force: true }));

    it('is read back from the scaled JPEG of each frame', async () => {
      const film = join(dir, 'film.mp4');
      const draw = ['-f', 'lavfi', '-i', 'testsrc2=size=1920x1080:rate=25', '-frames:v', '37', '-vf', stripFilters()];
      const code = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '30', '-pix_fmt', 'yuv420p', film];
      execFileSync('ffmpeg', ['-v', 'error', ...draw, ...code]);
      const out = ['-vf', 'scale=640:-2', '-q:v', '12', join(dir, '%d.jpg')];
      execFileSync('ffmpeg', ['-v', 'error', '-i', film, ...out]);
      const numbers: (number | null)[] = [];
      for (let i = 1; i <= 37; i += 1) numbers.push(await readStrip(readFileSync(join(dir, `${i}.jpg`))));
      expect(numbers).toEqual(Array.from({ length: 37 }, (_, i) => i));
    });
  });
});
