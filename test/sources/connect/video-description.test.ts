import { describe, expect, it } from 'vitest';
import { videoDescription } from '../../../sources/connect/video-description.ts';

const HEAD = ['v=0', 's=cam', 't=0 0'];
const SOUND = ['m=audio 0 RTP/AVP 0', 'a=rtpmap:96 H264/90000'];
const H264 = ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=fmtp:96 packetization-mode=1'];
const H265 = ['m=video 0 RTP/AVP 98', 'a=rtpmap:98 H265/90000'];

const of = (...sections: readonly string[][]) => videoDescription([HEAD, ...sections].flat().join('\r\n'));

describe('what an SDP says of the video', () => {
  it('is its codec and payload type, beside sound', () => {
    expect(of(SOUND, H264)).toEqual({ codec: 'h264', payloadType: 96 });
    expect(of(H265, SOUND)).toEqual({ codec: 'h265', payloadType: 98 });
    expect(of(['m=video 0 RTP/AVP 96', 'a=rtpmap:96 h264/90000'])).toEqual({ codec: 'h264', payloadType: 96 });
  });

  it.each([
    ['there is none', [SOUND]],
    ['there are two', [H264, H265]],
    ['it is another', [['m=video 0 RTP/AVP 26', 'a=rtpmap:26 JPEG/90000']]],
    ['its payload type is not explained', [['m=video 0 RTP/AVP 97', 'a=rtpmap:96 H264/90000']]],
    ['it has two formats', [['m=video 0 RTP/AVP 96 97', 'a=rtpmap:96 H264/90000']]],
    ['its units are out of order', [[...H264.slice(0, 2), 'a=fmtp:96 packetization-mode=2']]],
    ['its units may be out of order', [[...H265, 'a=fmtp:98 sprop-max-don-diff=2']]],
  ])('is nothing that helps where %s', (_, sections) => {
    expect(of(...sections)).toBeNull();
  });
});
