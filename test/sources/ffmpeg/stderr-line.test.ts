import { describe, expect, it } from 'vitest';
import { readStderrLine } from '../../../sources/ffmpeg/stderr-line.ts';

describe('a line of ffmpeg', () => {
  it.each([
    [
      '5.1.9, RTSP',
      '[Parsed_showinfo_3 @ 0x55a05d960cc0] [info] n:   1 pts:  18000 pts_time:0.2     pos:       -1 fmt:rgb24 sar:0/1 s:640x360 i:P iskey:0 type:B ',
      { ptsSeconds: 0.2, width: 640, height: 360 },
      18000,
    ],
    [
      'the build of 2018, with checksums',
      '[Parsed_showinfo_3 @ 0xb8c7980] [info] n:   0 pts:  10118 pts_time:0.844011 pos:    10226 fmt:rgb24 sar:1/1 s:320x180 i:P iskey:1 type:I checksum:50640FBF plane_checksum:[50640FBF] mean:[15 ] stdev:[23.6 ]',
      { ptsSeconds: 0.844011, width: 320, height: 180 },
      10118,
    ],
    [
      'before zero',
      '[Parsed_showinfo_3 @ 0x55a05d960cc0] [info] n:   1 pts:  -10800 pts_time:-0.12   pos:       -1 fmt:rgb24 sar:0/1 s:640x360 i:P iskey:0 type:B ',
      { ptsSeconds: -0.12, width: 640, height: 360 },
      -10800,
    ],
    [
      'without a timestamp',
      '[Parsed_showinfo_3 @ 0x1] [info] n:  12 pts:  NOPTS pts_time:NOPTS   pos:       -1 fmt:rgb24 sar:0/1 s:1280x720 i:P iskey:0 type:B ',
      { ptsSeconds: null, width: 1280, height: 720 },
      null,
    ],
    [
      'as ffmpeg 7 writes it',
      '[Parsed_showinfo_3 @ 0x600] [info] n:   3 pts:   9216 pts_time:0.6     duration:    512 duration_time:0.0333333 fmt:rgb24 cl:left sar:1/1 s:854x480 i:P iskey:0 type:P ',
      { ptsSeconds: 0.6, width: 854, height: 480 },
      9216,
    ],
  ])('announces a frame (%s)', (_, line, header, ticks) => {
    expect(readStderrLine(line)).toEqual({ kind: 'frame', header, ticks });
  });

  it.each([
    [
      '[showinfo@decoded @ 0x55bbd54a06c0] [info] n:   0 pts:      0 pts_time:0       pos:       -1 fmt:yuv420p sar:1/1 s:1920x1080 i:P iskey:1 type:I ',
      { kind: 'decoded', isKey: true, header: { ptsSeconds: 0, width: 1920, height: 1080 }, ticks: 0 },
    ],
    [
      '[showinfo@decoded @ 0x55bbd54a06c0] [info] n:   7 pts:  NOPTS pts_time:NOPTS   pos:       -1 fmt:cuda sar:1/1 s:640x360 i:P iskey:0 type:P ',
      { kind: 'decoded', isKey: false, header: { ptsSeconds: null, width: 640, height: 360 }, ticks: null },
    ],
    ['    Last message repeated 12 times', { kind: 'repeated', times: 12 }],
    [
      '[h264 @ 0x55] [IMGUTILS @ 0x7f] [error] Picture size 7680x4320 exceeds specified max pixel count 25000000, see the documentation if you wish to increase it',
      { kind: 'tooLarge', width: 7680, height: 4320 },
    ],
    [
      '[showinfo@decoded @ 0x55bbd54a06c0] [info] config in time_base: 1/5, frame_rate: 5/1',
      { kind: 'timeBase', of: 'decoded', seconds: 0.2 },
    ],
    [
      '[Parsed_showinfo_6 @ 0x5613efefc9c0] [info] config in time_base: 1/90000, frame_rate: 0/0',
      { kind: 'timeBase', of: 'frame', seconds: 1 / 90_000 },
    ],
    ['[Parsed_showinfo_6 @ 0x5613efefc9c0] [info] config out time_base: 0/0, frame_rate: 0/0', { kind: 'noise' }],
    [
      '[info] demuxer+ffmpeg -> ist_index:0 type:video pkt_pts:1024 pkt_pts_time:0.08 pkt_dts:0 pkt_dts_time:0 duration:512 duration_time:0.04 off:0 off_time:0',
      { kind: 'packet', ticks: 1024 },
    ],
    [
      '[info] demuxer -> ist_index:0 type:video next_dts:0 next_dts_time:0 next_pts:0 next_pts_time:0 pkt_pts:1024 pkt_pts_time:0.08 pkt_dts:0 pkt_dts_time:0 duration:512 duration_time:0.04 off:0 off_time:0',
      { kind: 'noise' },
    ],
  ])('says: %s', (line, said) => {
    expect(readStderrLine(line)).toEqual(said);
  });

  it.each([
    [
      '[info]   Stream #0:0: Video: h264 (High), yuv420p(progressive), 1920x1080, 25 fps, 25 tbr, 90k tbn',
      { codec: 'h264', width: 1920, height: 1080, fps: 25 },
    ],
    [
      '[info]     Stream #0:0(und): Video: h264 (Constrained Baseline) (avc1 / 0x31637661), yuv420p(tv, bt709), 640x360 [SAR 1:1 DAR 16:9], 422 kb/s, 29.97 fps, 29.97 tbr, 11988 tbn, 59.94 tbc (default)',
      { codec: 'h264', width: 640, height: 360, fps: 29.97 },
    ],
    [
      '[info]   Stream #0:0: Video: rawvideo (YUY2 / 0x32595559), yuyv422, 640x480, 147456 kb/s, 30 fps, 30 tbr, 1000k tbn',
      { codec: 'rawvideo', width: 640, height: 480, fps: 30 },
    ],
    [
      '[info]   Stream #0:0: Video: hevc (Main), yuv420p(tv), 2560x1440, 90k tbr, 90k tbn',
      { codec: 'hevc', width: 2560, height: 1440, fps: null },
    ],
  ])('introduces the stream: %s', (line, facts) => {
    expect(readStderrLine(line)).toEqual({ kind: 'stream', facts });
  });

  it.each([
    ['decodeError', '[h264 @ 0x5581] [error] error while decoding MB 12 30, bytestream -7'],
    ['decodeError', '[h264 @ 0x5581] [error] non-existing PPS 0 referenced'],
    ['decodeError', '[h264 @ 0x5581] [info] concealing 1204 DC, 1204 AC, 1204 MV errors in I frame'],
    ['delimiterLeft', '[NULL @ 0x5581] [error] missing picture in access unit with size 6'],
    ['complaint', '[NULL @ 0x5581] [error] missing picture in access unit with size 617'],
    ['decodeError', '[rtsp @ 0x5581] [warning] RTP: missed 3 packets'],
    ['decodeError', '[rtsp @ 0x5581] [warning] max delay reached. need to consume packet'],
    ['decodeError', 'pipe:0: [warning] corrupt decoded frame in stream 0'],
    ['complaint', '[rtsp @ 0x55b1] [error] method DESCRIBE failed: 401 Unauthorized'],
    ['complaint', '[error] pipe:0: Connection timed out'],
    ['complaint', "[fatal] Stream map '0:V:0' matches no streams."],

    ['noise', '[Parsed_showinfo_3 @ 0x1] [info] color_range:pc color_space:gbr color_primaries:unknown'],
    ['noise', "[info] Input #0, concat, from 'pipe:0':"],
    ['noise', ''],
  ])('is %s: %s', (kind, line) => {
    expect(readStderrLine(line).kind).toBe(kind);
  });

  it('takes no time to speak of, however long it is', () => {
    const before = performance.now();
    readStderrLine(`[info]   Stream #0:0: Video: ${', 1x'.repeat(50_000)}`);
    readStderrLine(`[Parsed_showinfo_3 @ 0x1] [info] n:   1 pts:${' pts_time:0 s:'.repeat(20_000)}`);
    expect(performance.now() - before).toBeLessThan(200);
  });
});
