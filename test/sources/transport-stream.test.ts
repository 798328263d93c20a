import { execFileSync, spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { TransportStream } from '../../sources/transport-stream.ts';
import { requirement } from '../support/requirements.ts';

/** Packets whose pictures ffprobe can show: its frames, whether each is a key frame, and what it complained of. */
function probed(bytes: Buffer): { keys: number[]; frames: number; complaints: string } {
  const args = ['-v', 'warning', '-f', 'mpegts', '-show_entries', 'frame=key_frame', '-of', 'csv=p=0', 'pipe:0'];
  const { stdout, stderr } = spawnSync('ffprobe', args, { input: bytes, encoding: 'utf8' });
  const keys = stdout
    .trim()
    .split(/\s+/)
    .map((line) => Number.parseInt(line, 10));
  return { keys, frames: keys.length, complaints: stderr };
}

describe.skipIf(!requirement('ffmpeg').met).each(['libx264', 'libx265'])('a transport stream of %s', (encoder) => {
  let film: Buffer;
  beforeAll(() => {
    const quiet = encoder === 'libx265' ? ['-x265-params', 'log-level=0:bframes=0'] : ['-bf', '0'];
    film = execFileSync(
      'ffmpeg',
      [
        ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25', '-t', '4', '-c:v', encoder],
        ...['-preset', 'ultrafast', ...quiet, '-g', '25', '-f', 'mpegts', 'pipe:1'],
      ],
      { maxBuffer: 64 * 1024 * 1024 },
    );
  });

  function play(stream: TransportStream, from: number, to: number, step: number): void {
    for (let at = from; at < to; at += step) stream.write(film.subarray(at, Math.min(to, at + step)));
  }

  it.each([188, 1000, 4096, 65_536])('in pieces of %i bytes starts for each viewer with a key frame', (step) => {
    const stream = new TransportStream();
    const middle = Math.round(film.length * 0.4);
    const [early, late]: [Buffer[], Buffer[]] = [[], []];
    stream.watch((packets) => early.push(Buffer.from(packets)));
    play(stream, 0, middle, step);
    const leave = stream.watch((packets) => late.push(Buffer.from(packets)));
    play(stream, middle, film.length, step);
    leave();
    const whole = probed(Buffer.concat(early));
    expect(whole).toMatchObject({ frames: 100, complaints: '' });
    const part = probed(Buffer.concat(late));
    expect(part.keys[0]).toBe(1);
    expect(part.complaints).toBe('');
    expect(part.frames).toBeGreaterThanOrEqual(25);
    expect(part.frames).toBeLessThan(75);
    expect(Buffer.concat(late).length % 188).toBe(0);
    expect(stream.bytes).toBe(film.length);
  });

  it('that nobody watched is in step when somebody comes', () => {
    const stream = new TransportStream();
    play(stream, 0, 50_001, 777);
    const got: Buffer[] = [];
    stream.watch((packets) => got.push(Buffer.from(packets)));
    play(stream, 50_001, film.length, 777);
    const { keys, complaints } = probed(Buffer.concat(got));
    expect([keys[0], complaints]).toEqual([1, '']);
  });

  it('goes on with the first key frame of another connection, and ends with leaving', () => {
    const stream = new TransportStream();
    const got: Buffer[] = [];
    const leave = stream.watch((packets) => got.push(Buffer.from(packets)));
    play(stream, 0, 30_000, 999);
    got.length = 0;
    stream.restart();
    play(stream, 0, film.length, 999);
    expect(probed(Buffer.concat(got))).toMatchObject({ frames: 100, complaints: '' });
    leave();
    got.length = 0;
    play(stream, 0, film.length, 999);
    expect(got).toEqual([]);
  });
});

it('gives nobody what is no transport stream', () => {
  const stream = new TransportStream();
  let calls = 0;
  stream.watch(() => {
    calls += 1;
  });
  for (let i = 0; i < 50; i += 1) stream.write(Buffer.alloc(1000, i));
  stream.write(Buffer.alloc(188, 0x47));
  stream.write(Buffer.alloc(188, 0xff));
  expect(calls).toBe(0);
});
