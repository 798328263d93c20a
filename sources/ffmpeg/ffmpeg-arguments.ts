import type { FfmpegInput } from '../connect/opening.ts';
import type { FfmpegFeatures } from './ffmpeg-binary.ts';
import { DECODED_SHOWINFO } from './stderr-line.ts';

/** Hardware that decodes. */
export type HardwareKind = 'cuda' | 'vaapi' | 'videotoolbox' | 'qsv';

/**
 * Larger pictures are not decoded, pixels: a multi-sensor camera has 24 million, and what comes in 8K takes a core for itself.
 */
export const MOST_PIXELS = 25_000_000;

/** What the arguments depend on besides the address and the build. */
export interface FrameDemands {
  /** Frames a second at most. */
  fps: number;
  /** Frames are scaled down to this width, pixels; never up. */
  width: number;
  transport: 'tcp' | 'udp';
  /** Silence after which ffmpeg gives the connection up, milliseconds. */
  timeoutMs: number;
  /** Files: play at the clip's own speed. */
  realtime: boolean;
  /** Files: start again at the end. */
  loop: boolean;
  /** Webcams: what the device is asked for. */
  deviceFps?: number | undefined;
  deviceSize?: string | undefined;
  /** Hardware that decodes; the processor where it does not prove itself. */
  hwaccel: 'auto' | 'none' | HardwareKind;
  /** Areas to black out: polygons of corners [x, y], shares of width and height, 0..1. */
  masks: readonly (readonly (readonly [x: number, y: number])[])[];
  /** End after so many frames. */
  frames?: number;
  /**
   * Live sources: when in the time between two of its pictures they are chosen, by the machine's clock; 0..1, the share of that time.
   * Sources with different turns do not all hand over their pictures in the same moment. Asked for at each connection. Null or left
   * out: whenever it comes.
   */
  turn?: () => number | null;
}

export interface FfmpegArguments {
  /** All that stands before `-i`. */
  readonly beforeInput: readonly string[];
  /** The input; null where it is the script on standard input (`pipe:0`). */
  readonly input: string | null;
  /** What is written to standard input: it holds the camera's URL, so that argv does not. */
  readonly script: string | null;
  /** Between the input and `pipe:1`. */
  readonly beforeOutput: readonly string[];
  /**
   * A second output, its address last: the compressed video as it comes, in MPEG-TS on file descriptor 3; null or left out, there is
   * none.
   */
  readonly copy?: readonly string[] | null;
}

/** What is decided anew for each connection. */
export interface FfmpegChoices {
  /** Decodes; null is the processor. */
  hardware: HardwareKind | null;
  /** Whether the compressed video is copied as well. */
  copy: boolean;
  /** Announce each compressed picture as it is read (`-debug_ts`): for whoever wants to know what decoding takes. Default false. */
  announcePackets?: boolean;
}

/**
 * ffmpeg's command line for one source: the first video stream, dropped and scaled inside ffmpeg, as rgb24 rawvideo on
 * standard output, with a `showinfo` line on standard error for every frame. Pure.
 */
export function ffmpegArguments(
  address: FfmpegInput,
  demands: FrameDemands,
  can: FfmpegFeatures,
  platform: NodeJS.Platform,
  { hardware, copy, announcePackets = false }: FfmpegChoices = { hardware: null, copy: false },
): FfmpegArguments {
  const input = inputOf(address, demands, can, platform);
  return {
    beforeInput: [
      '-hide_banner',
      '-nostdin',
      '-nostats',
      // The level stands in every line, so that errors of the decoder can be told from information.
      ...['-loglevel', 'level+info'],
      // One thread a process: with frame threads the decoder holds back a frame for each (80 ms at 25 fps).
      ...['-threads', '1', '-filter_threads', '1'],
      ...['-max_pixels', String(MOST_PIXELS)],
      ...(announcePackets ? ['-debug_ts'] : []),
      ...(hardware ? ['-hwaccel', hardware, '-hwaccel_output_format', SURFACES[hardware]] : []),
      ...input.before,
    ],
    input: input.name,
    script: input.script,
    beforeOutput: [
      // The upper-case V leaves out cover pictures. Nothing else is mapped, so nothing else is decoded.
      ...['-map', '0:V:0'],
      ...['-vf', filters(address, demands, can, hardware)],
      ...(can.fpsMode ? ['-fps_mode', 'passthrough'] : ['-vsync', '0']),
      ...(can.autoscale ? ['-autoscale', '0'] : []),
      ...(demands.frames === undefined ? [] : ['-frames:v', String(demands.frames)]),
      ...['-c:v', 'rawvideo', '-pix_fmt', 'rgb24', '-threads', '1', '-f', 'rawvideo'],
    ],
    copy: copy ? copyOf(address) : null,
  };
}

// Through `tee`, beside an output that cannot fail: a picture that MPEG-TS does not take would otherwise end ffmpeg, and with it the
// pictures that doors decide on. What is lost then is the preview, until the next connection.
const COPY_OUTPUT = '[f=mpegts:flush_packets=1:max_delay=0:onfail=ignore]pipe:3|[f=null]-';

function copyOf(address: FfmpegInput): readonly string[] {
  return [
    ...['-map', '0:V:0', '-c:v', 'copy'],
    // Of a camera that reorders its pictures (B-frames) the first one has no PTS yet, and MPEG-TS begins with none that lacks it.
    // Such builds as are given cameras know this filter (4.4).
    ...(address.kind === 'rtsp' ? ['-bsf:v', "setts=pts='if(eq(PTS,NOPTS),DTS,PTS)'"] : []),
    // The camera's own clock: `tee` would round to the frame rate that the stream says it has.
    ...['-copytb', '1', '-f', 'tee', COPY_OUTPUT],
  ];
}

/** What the decoder's pictures are called while they lie in the hardware's own memory. */
const SURFACES: Record<HardwareKind, string> = {
  cuda: 'cuda',
  vaapi: 'vaapi',
  videotoolbox: 'videotoolbox_vld',
  qsv: 'qsv',
};

function filters(
  address: FfmpegInput,
  demands: FrameDemands,
  can: FfmpegFeatures,
  hardware: HardwareKind | null,
): string {
  return [
    // Every decoded picture is announced: its size, whether it is a key frame, and that there is one at all. Without
    // `checksum=0` that would cost a look at every pixel.
    ...(can.showinfoChecksum ? [`${DECODED_SHOWINFO}=checksum=0`] : []),
    `select='${address.kind === 'file' ? ofFile(demands.fps) : ofCamera(demands.fps, demands.turn?.() ?? null)}'`,
    // Proves the hardware: a picture that the processor decoded does not pass.
    ...(hardware ? ['hwdownload', 'format=nv12'] : []),
    `scale=w='trunc(min(${demands.width},iw)/2)*2':h=-2`,
    // Two conversions, not one: swscale scales planes and then converts them to RGB in 1.7 ms (1080p to 720p), and takes
    // 6.8 ms to do both at once.
    'format=yuv420p,scale,format=rgb24',
    can.showinfoChecksum ? 'showinfo=checksum=0' : 'showinfo',
  ].join(',');
}

// `fps=` would repeat pictures of a slow camera; this only ever leaves some out. 0.99: timestamps are rounded. The last term: a clock
// that jumps back must not silence the camera until it has caught up (by less than a second it does at the start of many RTSP
// streams, whose first picture bears a guessed timestamp).
function byTimestamp(fps: number, turn: number | null = null): string {
  const due = `gte(t-prev_selected_t,${decimal(0.99 / fps)})`;
  return `isnan(prev_selected_t)+${turn === null ? due : `if(${due},${inTurn(fps, turn)},0)`}+lt(t,prev_selected_t-1)`;
}

/** One late picture is no reason to change the pace, and neither are the first seconds of a connection, whose timestamps jump. */
const OUT_OF_TURN = 10;
/** Pictures from then until it may be held again: a camera that cannot keep its turn loses no more than one in so many. */
const NOT_AGAIN = 300;
/** How far behind its turn a picture may come beyond the time between two that the camera sends, as a share of the time between two turns. */
const LATE = 0.05;

/**
 * Of a picture that is due: whether it is taken. It is, unless the last ones all came out of turn: then one later picture is waited for,
 * the first of its turn. From then on the camera's timestamps keep the pace, until its clock and the machine's have drifted apart.
 * Cameras that send fewer than two pictures for each that is taken leave nothing to choose. Register 1: how many came out of turn in
 * a row; below 0, and counting, while it may not be held again.
 */
function inTurn(fps: number, turn: number): string {
  const gone = `mod(time(0)*${decimal(fps)}+${decimal(1 - turn)},1)`;
  const isOut = `lt(t-prev_t,${decimal(0.51 / fps)})*gt(${gone},(t-prev_t)*${decimal(fps)}+${LATE})`;
  // In this order: there are builds that look at no second factor where the first is 0.
  const taken = (register: string) => `1+st(1,${register})*0`;
  const held = `if(lt(t-prev_selected_t,${decimal(1.99 / fps)}),0,${taken(String(-NOT_AGAIN))})`;
  const out = `if(lt(st(1,ld(1)+1),${OUT_OF_TURN}),1,${held})`;
  return `if(${isOut},${out},${taken(`if(gte(ld(1),${OUT_OF_TURN}),${-NOT_AGAIN},min(ld(1)+1,0))`)})`;
}

function ofFile(fps: number): string {
  return byTimestamp(fps);
}

/**
 * As for a file; but what has no timestamps is thinned out by this machine's clock, and so is a camera whose timestamps stand still. A
 * clock that was set back counts as run out.
 */
function ofCamera(fps: number, turn: number | null): string {
  const since = 'time(0)-ld(0)';
  const elapsed = (seconds: string) => `gte(${since},${seconds})+lt(${since},0)`;
  const standing = decimal(Math.max(2, 3 / fps));
  const wanted = `if(isnan(t),${elapsed(decimal(0.99 / fps))},${byTimestamp(fps, turn)}+${elapsed(standing)})`;
  return `if(${wanted},st(0,time(0)),0)`;
}

interface Input {
  before: string[];
  name: string | null;
  script: string | null;
}

function inputOf(address: FfmpegInput, demands: FrameDemands, can: FfmpegFeatures, platform: NodeJS.Platform): Input {
  switch (address.kind) {
    case 'mjpeg':
      // Fetched by this program, which writes it to standard input in a container with timestamps.
      return {
        before: ['-fpsprobesize', '0', '-analyzeduration', '0', '-protocol_whitelist', 'pipe', '-f', 'ivf'],
        name: null,
        script: null,
      };
    case 'test':
      // Moves everywhere and shows its own clock. A camera keeps its pace, so that this does, too.
      return { before: ['-re', '-f', 'lavfi'], name: 'testsrc2=size=1280x720:rate=25', script: null };
    case 'rtsp':
      return rtspInput(address, demands, can);
    case 'webcam':
      return webcamInput(address, demands, platform);
    case 'file':
      return {
        before: [
          ...['-protocol_whitelist', 'file'],
          ...(demands.realtime ? ['-re'] : []),
          ...(demands.loop ? ['-stream_loop', '-1'] : []),
        ],
        // With its scheme: a name with a colon would be taken for a protocol.
        name: `file:${address.path}`,
        script: null,
      };
  }
}

function rtspInput(address: { url: string }, demands: FrameDemands, can: FfmpegFeatures): Input {
  const whitelist = ['pipe', 'rtsp', 'rtp', 'tcp'];
  if (demands.transport === 'udp') whitelist.push('udp');
  const options = [
    // TCP first: UDP loss shows as smeared faces, which lowers similarity silently.
    `rtsp_transport ${demands.transport}`,
    ...(can.rtspTimeout ? [`${can.rtspTimeout} ${Math.round(demands.timeoutMs * 1000)}`] : []),
    // No SETUP of sound that nobody decodes.
    'allowed_media_types video',
    // Without it ffmpeg watches 20 frames go by to learn the rate: the first picture after 1.0 s instead of 0.2 s.
    // `fflags nobuffer` is not used: it throws away the key frame that was read meanwhile (first picture after 4.3 s).
    'fpsprobesize 0',
  ];
  return {
    before: ['-fpsprobesize', '0', '-protocol_whitelist', whitelist.join(','), '-f', 'concat', '-safe', '0'],
    name: null,
    script: ['ffconcat version 1.0', `file ${quote(address.url)}`, ...options.map((o) => `option ${o}`), ''].join('\n'),
  };
}

function webcamInput(
  address: { format: 'v4l2' | 'avfoundation' | 'dshow'; device: string },
  demands: FrameDemands,
  platform: NodeJS.Platform,
): Input {
  // avfoundation asks for 29.97 by default, which most of its cameras refuse.
  const fps = demands.deviceFps ?? (platform === 'darwin' ? 30 : undefined);
  const name = {
    v4l2: address.device,
    // No sound: that would ask for the microphone's permission.
    avfoundation: `${address.device}:none`,
    dshow: `video=${address.device}`,
  }[address.format];
  return {
    before: [
      ...['-f', address.format],
      ...(fps === undefined ? [] : ['-framerate', decimal(fps)]),
      ...(demands.deviceSize === undefined ? [] : ['-video_size', demands.deviceSize]),
      // The default of 3 MB holds one picture of 1080p.
      ...(address.format === 'dshow' ? ['-rtbufsize', '64M'] : []),
    ],
    name,
    script: null,
  };
}

/** As ffconcat reads it: everything literal but the quote itself. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Never in exponents, which ffmpeg reads differently from version to version. */
function decimal(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, '');
}
