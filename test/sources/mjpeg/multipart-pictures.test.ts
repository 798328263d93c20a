import { describe, expect, it } from 'vitest';
import { MultipartPictures } from '../../../sources/mjpeg/multipart-pictures.ts';

const jpeg = (mark: number, length = 40) =>
  Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(length, mark), Buffer.from([0xff, 0xd9])]);
const counted = (picture: Buffer, head = 'Content-Type: image/jpeg') =>
  Buffer.concat([
    Buffer.from(`--cam\r\n${head}\r\nContent-Length: ${picture.length}\r\n\r\n`),
    picture,
    Buffer.from('\r\n'),
  ]);
const delimited = (picture: Buffer, eol = '\r\n') =>
  Buffer.concat([Buffer.from(`--cam${eol}Content-Type: image/jpeg${eol}${eol}`), picture, Buffer.from(eol)]);

function cut(body: Buffer, step: number): Buffer[] {
  const pictures: Buffer[] = [];
  const parts = new MultipartPictures((picture) => pictures.push(Buffer.from(picture)));
  for (let at = 0; at < body.length; at += step) parts.write(body.subarray(at, at + step));
  return pictures;
}

describe.each([1, 7, 64, 100_000])('a multipart body in pieces of %i bytes', (step) => {
  const pictures = [jpeg(1), jpeg(2, 300), jpeg(3, 0)];

  it.each([
    ['whose parts say their length', (all: Buffer[]) => Buffer.concat(all.map((one) => counted(one)))],
    [
      'that begins with a line break',
      (all: Buffer[]) => Buffer.concat([Buffer.from('\r\n\r\n'), ...all.map((one) => counted(one))]),
    ],
    [
      'with lines of its own in the heads',
      (all: Buffer[]) => Buffer.concat(all.map((one) => counted(one, 'X-Timestamp: 1.5\r\ncontent-type:image/jpeg'))),
    ],
  ])('%s gives its pictures as they are', (_, make) => {
    expect(cut(make(pictures), step)).toEqual(pictures);
  });

  it.each(['\r\n', '\n'])('without lengths is cut at its boundary (line ends %j)', (eol) => {
    const body = Buffer.concat([...pictures.map((one) => delimited(one, eol)), Buffer.from('--cam--')]);
    const got = cut(body, step);
    expect(got.map((picture) => picture.subarray(0, picture.lastIndexOf(0xd9) + 1))).toEqual(pictures);
  });

  it('leaves out what is no picture', () => {
    const text = counted(Buffer.from('hello, this is a word of the camera'), 'Content-Type: text/plain');
    expect(cut(Buffer.concat([text, counted(pictures[0]!), text]), step)).toEqual([pictures[0]]);
  });
});

describe('a body that is none', () => {
  it.each([
    ['a web page', Buffer.from('<html>\r\n\r\n')],
    ['bytes', Buffer.alloc(40_000, 7)],
    ['a head without an end', Buffer.from(`--cam\r\n${'x: y\r\n'.repeat(10_000)}`)],
    ['a picture beyond measure', Buffer.from('--cam\r\nContent-Length: 999999999\r\n\r\n')],
  ])('(%s) is refused', (_, body) => {
    expect(() => cut(body, 4096)).toThrow(expect.objectContaining({ code: 'STREAM_CODEC_UNSUPPORTED' }));
  });

  it.each([
    ['a part without an end', Buffer.from('--cam\r\n\r\n'), 7],
    ['line breaks without an end', Buffer.alloc(0), 13],
  ])('(%s) in small pieces costs no more than in large ones', (_, head, byte) => {
    const took = (step: number) => {
      const parts = new MultipartPictures(() => {});
      parts.write(head);
      const from = performance.now();
      for (let sent = 0; sent < 16 * 1024 * 1024; sent += step) parts.write(Buffer.alloc(step, byte));
      return performance.now() - from;
    };
    // Copied anew with each piece these would be 32 GB.
    expect(took(4096)).toBeLessThan(10 * took(1024 * 1024) + 500);
  });

  it('does not grow without end', () => {
    const endless = Buffer.concat([Buffer.from('--cam\r\n\r\n'), Buffer.alloc(1024 * 1024)]);
    const parts = new MultipartPictures(() => {});
    parts.write(endless);
    expect(() => {
      for (let i = 0; i < 40; i += 1) parts.write(Buffer.alloc(1024 * 1024));
    }).toThrow(/more than 32 MiB/);
  });
});
