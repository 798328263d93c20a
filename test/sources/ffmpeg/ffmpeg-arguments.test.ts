import { describe, expect, it } from 'vitest';
import type { FfmpegInput } from '../../../sources/connect/opening.ts';
import { type FrameDemands, ffmpegArguments } from '../../../sources/ffmpeg/ffmpeg-arguments.ts';
import type { FfmpegFeatures } from '../../../sources/ffmpeg/ffmpeg-binary.ts';
import { sourceAddress } from '../../../sources/source-address.ts';

const CURRENT: FfmpegFeatures = {
  fpsMode: true,
  autoscale: true,
  ffconcatOptions: true,
  showinfoChecksum: true,
  rtspTimeout: 'timeout',
  devices: ['v4l2', 'lavfi'],
  hwaccels: ['cuda', 'vaapi'],
};
const OF_2018: FfmpegFeatures = {
  ...CURRENT,
  fpsMode: false,
  autoscale: false,
  ffconcatOptions: false,
  rtspTimeout: 'stimeout',
};
const DEMANDS: FrameDemands = {
  fps: 5,
  width: 1280,
  transport: 'tcp',
  timeoutMs: 5000,
  realtime: false,
  loop: false,
  hwaccel: 'none',
  masks: [],
};

function args(url: string, demands: Partial<FrameDemands> = {}, can = CURRENT, platform: NodeJS.Platform = 'linux') {
  const address = sourceAddress(url, { baseDir: '/clips', platform }) as FfmpegInput;
  const { beforeInput, input, script, beforeOutput } = ffmpegArguments(
    address,
    { ...DEMANDS, ...demands },
    can,
    platform,
  );
  return { before: beforeInput.join(' '), input, script, after: beforeOutput.join(' ') };
}

const ALWAYS = '-hide_banner -nostdin -nostats -loglevel level+info -threads 1 -filter_threads 1 -max_pixels 25000000';
const SELECT = "select='isnan(prev_selected_t)+gte(t-prev_selected_t,0.198)+lt(t,prev_selected_t-1)'";

describe('the arguments before the input', () => {
  it.each([
    ['linux', 'webcam:/dev/video1', {}, '-f v4l2', '/dev/video1'],
    [
      'linux',
      'webcam:',
      { deviceFps: 15, deviceSize: '1280x720' },
      '-f v4l2 -framerate 15 -video_size 1280x720',
      '/dev/video0',
    ],
    ['darwin', 'webcam:', {}, '-f avfoundation -framerate 30', '0:none'],
    [
      'darwin',
      'webcam:FaceTime HD Camera',
      { deviceFps: 29.97 },
      '-f avfoundation -framerate 29.97',
      'FaceTime HD Camera:none',
    ],
    ['win32', 'webcam:Integrated Camera', {}, '-f dshow -rtbufsize 64M', 'video=Integrated Camera'],
    [
      'win32',
      'webcam:Cam',
      { deviceFps: 30, deviceSize: '640x480' },
      '-f dshow -framerate 30 -video_size 640x480 -rtbufsize 64M',
      'video=Cam',
    ],
    ['linux', 'file:a:b.mp4', {}, '-protocol_whitelist file', 'file:/clips/a:b.mp4'],
    ['linux', 'file:/x/c.mp4', { realtime: true }, '-protocol_whitelist file -re', 'file:/x/c.mp4'],
    [
      'linux',
      'file:c.mp4',
      { realtime: true, loop: true },
      '-protocol_whitelist file -re -stream_loop -1',
      'file:/clips/c.mp4',
    ],
  ] as const)('on %s for %s with %j are %s', (platform, url, demands, before, input) => {
    const made = args(url, demands, CURRENT, platform);
    expect(made.before).toBe(`${ALWAYS} ${before}`);
    expect(made.input).toBe(input);
    expect(made.script).toBeNull();
  });

  it('name no camera: its URL goes through standard input', () => {
    const made = args("rtsp://ann:it's@10.0.0.5/s?key=7", { timeoutMs: 2500 });
    expect(made.before).toBe(`${ALWAYS} -fpsprobesize 0 -protocol_whitelist pipe,rtsp,rtp,tcp -f concat -safe 0`);
    expect(made.input).toBeNull();
    expect(made.script).toBe(
      [
        'ffconcat version 1.0',
        "file 'rtsp://ann:it'\\''s@10.0.0.5/s?key=7'",
        'option rtsp_transport tcp',
        'option timeout 2500000',
        'option allowed_media_types video',
        'option fpsprobesize 0',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['rtsp://h/x', 'tcp', 'pipe,rtsp,rtp,tcp'],
    ['rtsp://h/x', 'udp', 'pipe,rtsp,rtp,tcp,udp'],
  ] as const)('allow %s over %s no protocols but %s', (url, transport, whitelist) => {
    const made = args(url, { transport });
    expect(made.before).toContain(`-protocol_whitelist ${whitelist} `);
    expect(made.script).toContain(`option rtsp_transport ${transport}\n`);
  });

  it('call the RTSP timeout what the build calls it', () => {
    expect(args('rtsp://h/x', {}, { ...CURRENT, rtspTimeout: 'stimeout' }).script).toContain(
      'option stimeout 5000000\n',
    );
    expect(args('rtsp://h/x', {}, { ...CURRENT, rtspTimeout: null }).script).not.toContain('timeout');
  });
});

describe('the arguments before the output', () => {
  it('drop and scale, invent nothing, and report every frame', () => {
    expect(args('file:c.mp4').after).toBe(
      `-map 0:V:0 -vf showinfo@decoded=checksum=0,${SELECT},scale=w='trunc(min(1280,iw)/2)*2':h=-2,format=yuv420p,scale,format=rgb24,showinfo=checksum=0 ` +
        '-fps_mode passthrough -autoscale 0 -c:v rawvideo -pix_fmt rgb24 -threads 1 -f rawvideo',
    );
  });

  it('are those that a build of 2018 knows', () => {
    const { after } = args('file:c.mp4', {}, { ...OF_2018, showinfoChecksum: false });
    expect(after).toContain(',format=rgb24,showinfo -vsync 0 -c:v');
    expect(after).not.toMatch(/fps_mode|autoscale|checksum|decoded/);
  });

  it.each([
    [60, '0.0165'],
    [0.1, '9.9'],
    [0.3, '3.3'],
    [29.97, '0.033033'],
  ])('at %s frames a second let a frame pass after %s s', (fps, gap) => {
    expect(args('file:c.mp4', { fps }).after).toContain(`gte(t-prev_selected_t,${gap})`);
  });

  it('end after as many frames as are wanted', () => {
    expect(args('file:c.mp4', { frames: 1 }).after).toContain(' -frames:v 1 ');
  });

  it('thin a camera out by its timestamps; by the clock where there are none, or where they stand still', () => {
    expect(args('rtsp://h/x', { fps: 5 }).after).toContain(
      "select='if(if(isnan(t),gte(time(0)-ld(0),0.198)+lt(time(0)-ld(0),0)," +
        'isnan(prev_selected_t)+gte(t-prev_selected_t,0.198)+lt(t,prev_selected_t-1)+' +
        "gte(time(0)-ld(0),2)+lt(time(0)-ld(0),0)),st(0,time(0)),0)',",
    );
    expect(args('rtsp://h/x', { fps: 1 }).after).toContain('gte(time(0)-ld(0),3)');
  });
});

describe('a camera with a turn', () => {
  it('takes a later picture where the last ones came out of turn, and there are others to choose from', () => {
    const { after } = args('rtsp://h/x', { fps: 5, turn: () => 0.25 });
    expect(after).toContain(
      'if(gte(t-prev_selected_t,0.198),' +
        'if(lt(t-prev_t,0.102)*gt(mod(time(0)*5+0.75,1),(t-prev_t)*5+0.05),' +
        'if(lt(st(1,ld(1)+1),10),1,if(lt(t-prev_selected_t,0.398),0,1+st(1,-300)*0)),' +
        '1+st(1,if(gte(ld(1),10),-300,min(ld(1)+1,0)))*0),0)+lt(',
    );
  });

  it('is no film', () => {
    expect(args('file:c.mp4', { turn: () => 0.25 }).after).toContain(SELECT);
  });
});

describe('what is decided for each connection', () => {
  const address: FfmpegInput = { kind: 'rtsp', url: 'rtsp://h/x' };

  it('lets hardware decode, and nothing pass that it did not', () => {
    const made = ffmpegArguments(address, DEMANDS, CURRENT, 'linux', { hardware: 'cuda', copy: false });
    expect(made.beforeInput.join(' ')).toContain(' -hwaccel cuda -hwaccel_output_format cuda -fpsprobesize');
    expect(made.beforeOutput.join(' ')).toContain(",0)',hwdownload,format=nv12,scale=");
    expect(made.copy).toBeNull();
  });

  it('copies the video beside the pictures', () => {
    const made = ffmpegArguments(address, DEMANDS, CURRENT, 'linux', { hardware: null, copy: true });
    expect(made.beforeInput).not.toContain('-hwaccel');
    expect(made.copy?.join(' ')).toMatch(/^-map 0:V:0 -c:v copy -bsf:v setts=.* -f tee \[f=mpegts:.*\]pipe:3\|/);
    const film = ffmpegArguments({ kind: 'file', path: '/x' }, DEMANDS, CURRENT, 'linux', {
      hardware: null,
      copy: true,
    });
    expect(film.copy).not.toContain('-bsf:v');
  });
});

describe('what ffmpeg does not fetch itself', () => {
  it('is read from standard input, and nothing else may be opened', () => {
    const made = args('http://ann:s3cret@h/video.mjpg');
    expect(made.before).toMatch(/ -protocol_whitelist pipe -f ivf$/);
    expect(JSON.stringify(made)).not.toMatch(/s3cret|h\/video/);
    expect([made.input, made.script]).toEqual([null, null]);
  });

  it('is drawn, at its own pace', () => {
    expect(args('test:')).toMatchObject({
      before: `${ALWAYS} -re -f lavfi`,
      input: 'testsrc2=size=1280x720:rate=25',
      script: null,
    });
  });
});
