import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { FilmServer } from '../../bench/live/film-server.ts';
import { requirement } from '../support/requirements.ts';
import { TestFilms } from '../support/test-film.ts';

const FRAME_MS = 40;

/** Plays an RTSP address over TCP and says when the last packet of each frame came, milliseconds of the monotonic clock. */
async function arrivals(url: string, frames: number): Promise<number[]> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  let data = Buffer.alloc(0);
  const more = async () => {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    data = Buffer.concat([data, chunk]);
  };
  let number = 0;
  const ask = async (method: string, to: string, headers = '') => {
    number += 1;
    socket.write(`${method} ${to} RTSP/1.0\r\nCSeq: ${number}\r\n${headers}\r\n`);
    while (!data.includes('\r\n\r\n')) await more();
    const end = data.indexOf('\r\n\r\n') + 4;
    const head = data.toString('latin1', 0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    while (data.length < end + length) await more();
    const body = data.toString('latin1', end, end + length);
    data = data.subarray(end + length);
    return { head, body };
  };
  try {
    const { body } = await ask('DESCRIBE', url, 'Accept: application/sdp\r\n');
    const control = [...body.matchAll(/^a=control:(\S+)/gm)].at(-1)![1]!;
    const track = control.startsWith('rtsp:') ? control : `${url}/${control}`;
    const { head } = await ask('SETUP', track, 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n');
    const session = /session: ([^;\r]+)/i.exec(head)![1]!;
    await ask('PLAY', url, `Session: ${session}\r\nRange: npt=0-\r\n`);
    const times: number[] = [];
    while (times.length < frames) {
      while (data.length < 4 || data.length < 4 + data.readUInt16BE(2)) await more();
      const [channel, length] = [data[1]!, data.readUInt16BE(2)];
      // The marker of RTP: this packet is the frame's last one.
      if (channel === 0 && (data[5]! & 0x80) !== 0) times.push(Number(process.hrtime.bigint()) / 1e6);
      data = data.subarray(4 + length);
    }
    return times;
  } finally {
    socket.destroy();
  }
}

describe.skipIf(!requirement('rtsp').met || !requirement('ffmpeg').met)('the film server', () => {
  it('sends each frame when it is due by the moment that it named', async () => {
    await using films = await TestFilms.create();
    const film = await films.draw({ seconds: 4 });
    await using server = await FilmServer.start({ one: film, other: film });
    expect(server.zeroMs('one')).toBeUndefined();
    const came = await arrivals(server.url('one'), 75);
    const zeroMs = server.zeroMs('one') ?? Number.NaN;
    const late = came.map((atMs, frame) => atMs - zeroMs - frame * FRAME_MS).sort((a, b) => a - b);
    // Never before it is due; on a machine that is busy with other tests many are late, but not half of them by a frame.
    expect(late[0]).toBeGreaterThan(-1);
    expect(late[late.length >> 1]).toBeLessThan(FRAME_MS);
    expect(server.zeroMs('other')).toBeUndefined();
  });

  it('is gone when it is disposed of, twice over', async () => {
    await using films = await TestFilms.create();
    const server = await FilmServer.start({ one: await films.draw({ seconds: 1 }) });
    await server[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await expect(arrivals(server.url('one'), 1)).rejects.toThrow('ECONNREFUSED');
  });
});
