import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKET_BYTES, TransportPackets } from '../../pipeline/transport-packets.ts';
import { DecoySound } from '../../sinks/decoy-sound.ts';
import { Mpeg1Preview } from '../../sinks/mpeg1-preview.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { TestFilms } from '../support/test-film.ts';

const run = promisify(execFile);

let films: TestFilms;
let ffmpegPath: string;
let transport: Buffer;
beforeAll(async () => {
  films = await TestFilms.create();
  ffmpegPath = (await findFfmpeg({ pathVariable: process.env.PATH })).path;
  transport = await copied(await films.draw({ seconds: 2, size: '320x180' }));
});
afterAll(() => films[Symbol.asyncDispose]());

async function copied(film: string): Promise<Buffer> {
  const args = ['-v', 'error', '-i', film, '-c', 'copy', '-f', 'mpegts', '-'];
  return (await run(ffmpegPath, args, { encoding: 'buffer', maxBuffer: 1e8 })).stdout;
}

function inserted(stream: Buffer, pieceBytes: number): Buffer {
  const [packets, decoy] = [new TransportPackets(), new DecoySound()];
  const out: Buffer[] = [];
  for (let at = 0; at < stream.length; at += pieceBytes)
    out.push(decoy.insert(packets.take(stream.subarray(at, at + pieceBytes))));
  return Buffer.concat(out);
}

const pidAt = (packets: Buffer, at: number) => packets.readUInt16BE(at + 1) & 0x1fff;
const SOUND = 0x1f00;

describe('the sound that makes ffmpeg begin', () => {
  it.each([188, 1000, 65_536])('stands once, early, in whole packets, whatever the pieces (%i bytes)', (pieceBytes) => {
    const out = inserted(transport, pieceBytes);
    expect(out.length % PACKET_BYTES).toBe(0);
    const pids = Array.from({ length: out.length / PACKET_BYTES }, (_, i) => pidAt(out, i * PACKET_BYTES));
    const sound = pids.flatMap((pid, i) => (pid === SOUND ? [i] : []));
    expect(sound.length * 184).toBeGreaterThan(400 * 96);
    expect(sound.length * 184).toBeLessThan(400 * 96 + 400);
    expect(sound.at(-1)! - sound[0]!).toBe(sound.length - 1);
    expect(sound[0]).toBeLessThan(pids.length / 4);
    // But for the sound and the table that announces it, nothing is changed.
    const rest = Buffer.concat(pids.flatMap((pid, i) => (pid === SOUND ? [] : [out.subarray(i * 188, i * 188 + 188)])));
    expect(rest.length).toBe(transport.length);
    const changed = pids
      .filter((pid) => pid !== SOUND)
      .filter((_, i) => !rest.subarray(i * 188, i * 188 + 188).equals(transport.subarray(i * 188, i * 188 + 188)));
    expect(changed).toHaveLength(1);
  });

  it('is a stream that a player understands: announced by a table whose check sum is right', async () => {
    const { stderr } = await runWith(inserted(transport, 4096), [
      '-f',
      'mpegts',
      '-i',
      'pipe:0',
      '-map',
      '0',
      '-f',
      'null',
      '-',
    ]);
    expect(stderr).toMatch(/Audio: mp2.*48000 Hz, mono/);
    expect(stderr).not.toMatch(/error|corrupt|invalid/i);
  });

  it('leaves other streams alone', async () => {
    const film = join(films.dir, 'mpeg2.ts');
    await run(ffmpegPath, ['-v', 'error', '-y', '-i', join(films.dir, 'film.mp4'), '-c:v', 'mpeg2video', film]);
    const stream = await copied(film);
    expect(inserted(stream, 4096).equals(stream)).toBe(true);
    const noise = Buffer.alloc(188 * 50, 0x47);
    expect(inserted(noise, 188).equals(noise)).toBe(true);
  });

  it('lets the preview of a camera begin long before 5 s have passed', async () => {
    let first = 0;
    const preview = new Mpeg1Preview({
      ffmpegPath,
      environment: {},
      fps: 25,
      masks: [],
      onPackets: () => (first ||= performance.now()),
    });
    const startedMs = performance.now();
    // In real time, 25 pictures a second.
    const piece = Math.ceil(transport.length / 50 / 188) * 188;
    for (let at = 0; at < transport.length && first === 0; at += piece) {
      preview.write(transport.subarray(at, at + piece));
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    await expect.poll(() => first, { timeout: 2000 }).toBeGreaterThan(0);
    expect(first - startedMs).toBeLessThan(3500);
    await preview.close();
  });
});

function runWith(input: Buffer, args: string[]): Promise<{ stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = execFile(ffmpegPath, ['-hide_banner', ...args], (error, _stdout, stderr) => {
      if (error) reject(error);
      else resolve({ stderr });
    });
    child.stdin?.on('error', () => undefined).end(input);
  });
}
