import { describe, expect, it } from 'vitest';
import { parseLiveFrame, parseLiveMessage } from '../../web/src/api/live-message.ts';

const frame = { type: 'frame', camera: 'front', sequence: 812, width: 1280, height: 720, faces: [] };
const jpeg = Uint8Array.of(0xff, 0xd8, 1, 2, 0xff, 0xd9);

function message(json: string, picture: Uint8Array = jpeg, length?: number): ArrayBuffer {
  const text = new TextEncoder().encode(json);
  const bytes = new Uint8Array(4 + text.length + picture.length);
  new DataView(bytes.buffer).setUint32(0, length ?? text.length, false);
  bytes.set(text, 4);
  bytes.set(picture, 4 + text.length);
  return bytes.buffer;
}

describe('parseLiveMessage', () => {
  it('gives the frame and exactly the bytes of its JPEG', () => {
    const parsed = parseLiveMessage(message(JSON.stringify({ ...frame, name: 'Zoë 👋' })));
    expect(parsed?.frame).toMatchObject({ camera: 'front', sequence: 812, name: 'Zoë 👋' });
    expect([...parsed!.jpeg]).toEqual([...jpeg]);
  });

  it('reads the length as big-endian', () => {
    // Little-endian would be 2^24 and more: longer than the message.
    const parsed = parseLiveMessage(message(JSON.stringify({ ...frame, pad: 'x'.repeat(300) })));
    expect(parsed?.jpeg).toHaveLength(jpeg.length);
  });

  it.each([
    ['an empty message', new ArrayBuffer(0)],
    ['three bytes', new ArrayBuffer(3)],
    ['no JPEG', message(JSON.stringify(frame), new Uint8Array())],
    ['a length beyond the end', message(JSON.stringify(frame), jpeg, 5000)],
    ['a length of nothing', message(JSON.stringify(frame), jpeg, 0)],
    ['a length that cuts the JSON', message(JSON.stringify(frame), jpeg, 10)],
    ['text that is no JSON', message('{"type":')],
    ['JSON null', message('null')],
    [
      'bytes that are no UTF-8',
      (() => {
        const buffer = message(JSON.stringify(frame));
        new Uint8Array(buffer)[8] = 0xff;
        return buffer;
      })(),
    ],
    ['another type', message(JSON.stringify({ ...frame, type: 'error' }))],
    ['no faces', message(JSON.stringify({ ...frame, faces: undefined }))],
    ['a width of nothing', message(JSON.stringify({ ...frame, width: 0 }))],
  ])('takes %s for no message', (_, buffer) => {
    expect(parseLiveMessage(buffer)).toBeNull();
  });
});

describe('parseLiveFrame', () => {
  it('reads a text message', () => {
    expect(parseLiveFrame(JSON.stringify(frame))).toMatchObject({ camera: 'front', sequence: 812 });
  });

  it.each([
    '',
    '{',
    'null',
    '"frame"',
    JSON.stringify({ ...frame, faces: null }),
    JSON.stringify({ ...frame, width: 0 }),
  ])('leaves out %j', (text) => {
    expect(parseLiveFrame(text)).toBeNull();
  });
});
