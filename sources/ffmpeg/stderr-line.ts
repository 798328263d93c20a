/** What `showinfo` says of one frame. */
export interface FrameHeader {
  /** Seconds; null where the stream carries no timestamp. */
  readonly ptsSeconds: number | null;
  readonly width: number;
  readonly height: number;
}

/** The input's video as ffmpeg introduces it, before scaling. */
export interface StreamFacts {
  /** ffmpeg's name, e.g. `h264`. */
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** Null where ffmpeg could not tell. */
  readonly fps: number | null;
}

/** `ticks`: the timestamp as the stream counts it, in steps of the time base; null without one. */
export type StderrLine =
  /** A frame that follows on standard output: after dropping and scaling. */
  | { readonly kind: 'frame'; readonly header: FrameHeader; readonly ticks: number | null }
  /** A frame that left the decoder, before dropping and scaling. */
  | { readonly kind: 'decoded'; readonly header: FrameHeader; readonly ticks: number | null; readonly isKey: boolean }
  /** How long a tick is for the frames that follow, seconds. */
  | { readonly kind: 'timeBase'; readonly of: 'decoded' | 'frame'; readonly seconds: number }
  /** `-debug_ts`: the compressed picture was read, and goes to the decoder. */
  | { readonly kind: 'packet'; readonly ticks: number }
  | { readonly kind: 'stream'; readonly facts: StreamFacts }
  | { readonly kind: 'decodeError' }
  /** At the end of the stream: the delimiter behind the last picture (connect/picture-ends.ts). What the decoder says of it is no damage. */
  | { readonly kind: 'delimiterLeft' }
  /** The line before this one came so many times more. */
  | { readonly kind: 'repeated'; readonly times: number }
  /** The pictures have more pixels than `-max_pixels` lets pass; nothing of them is decoded. */
  | { readonly kind: 'tooLarge'; readonly width: number; readonly height: number }
  /** A warning or worse, or something that stands without a level; worth keeping for a diagnosis. */
  | { readonly kind: 'complaint' }
  | { readonly kind: 'noise' };

/** Cameras fill lines of any length (SEI data, headers); what is looked for stands at the beginning. */
const LONGEST_LINE = 1000;

/** What the `showinfo` behind the decoder is called, so that its lines are told from those of the last one. */
export const DECODED_SHOWINFO = 'showinfo@decoded';
const SHOWINFO = /^\[(Parsed_showinfo_\d+|showinfo@decoded) @ \w+\] \[info\] (.*)$/;
const SHOWINFO_FRAME = /^n: *\d+ pts: *(\S+) +pts_time:(\S+) .*? s:(\d+)x(\d+) (?:.*?\biskey:(\d))?/;
const TIME_BASE = /^config in time_base: (\d+)\/([1-9]\d*),/;
// As it goes to the decoder: with the offset that ffmpeg gives the whole stream, which the decoded picture bears as well.
const PACKET = /^\[info\] (?:\[[^\]]*\] )?demuxer\+ffmpeg -> ist_index:\S+ type:video pkt_pts:(-?\d+) /;
const REPEATED = /^ *Last message repeated (\d+) times/;
const TOO_LARGE = /Picture size (\d+)x(\d+) exceeds specified max pixel count/;
const VIDEO = /^\[info\] +Stream #0:\d+.*?: Video: (\w+).*?, (\d+)x(\d+)[, ]/;
const FPS = /, ([\d.]+)(k?) fps\b/;
// A decoder is named as its codec.
const DECODER =
  /^\[(?:h264|hevc|mjpeg|mpeg4|mpeg2video|mpeg1video|h263|vp8|vp9|av1|libdav1d|libaom-av1|vvc) @ \w+\] \[(?:error|fatal|panic)\]/;
const DELIMITER_LEFT = /missing picture in access unit with size \d\b/;
const DAMAGE =
  /corrupt|EOI missing|overread|concealing|RTP: missed|packets? lost|error while decoding|max delay reached/i;

/**
 * What one line of ffmpeg's standard error (`-loglevel level+info`) means. The first `stream` is the input's; the output
 * is introduced in the same way afterwards.
 */
export function readStderrLine(text: string): StderrLine {
  const line = text.slice(0, LONGEST_LINE);
  const showinfo = SHOWINFO.exec(line);
  if (showinfo) {
    const of = showinfo[1] === DECODED_SHOWINFO ? 'decoded' : 'frame';
    const frame = SHOWINFO_FRAME.exec(showinfo[2]!);
    if (!frame) {
      const timeBase = TIME_BASE.exec(showinfo[2]!);
      if (!timeBase || timeBase[1] === '0') return { kind: 'noise' };
      return { kind: 'timeBase', of, seconds: Number(timeBase[1]) / Number(timeBase[2]) };
    }
    const ticks = numberOrNull(frame[1]!);
    const header = { ptsSeconds: numberOrNull(frame[2]!), width: Number(frame[3]), height: Number(frame[4]) };
    return of === 'decoded' ? { kind: of, header, ticks, isKey: frame[5] === '1' } : { kind: of, header, ticks };
  }
  const packet = PACKET.exec(line);
  if (packet) return { kind: 'packet', ticks: Number(packet[1]) };
  const tooLarge = TOO_LARGE.exec(line);
  if (tooLarge) return { kind: 'tooLarge', width: Number(tooLarge[1]), height: Number(tooLarge[2]) };
  const repeated = REPEATED.exec(line);
  if (repeated) return { kind: 'repeated', times: Number(repeated[1]) };
  if (DELIMITER_LEFT.test(line)) return { kind: 'delimiterLeft' };
  if (DAMAGE.test(line) || DECODER.test(line)) return { kind: 'decodeError' };
  const video = VIDEO.exec(line);
  if (video) {
    const fps = FPS.exec(line);
    return {
      kind: 'stream',
      facts: {
        codec: video[1]!,
        width: Number(video[2]),
        height: Number(video[3]),
        fps: fps ? Number(fps[1]) * (fps[2] === 'k' ? 1000 : 1) : null,
      },
    };
  }
  return /\[(?:info|verbose|debug|trace)\]/.test(line) || line.trim() === ''
    ? { kind: 'noise' }
    : { kind: 'complaint' };
}

/** `NOPTS` is none. */
function numberOrNull(text: string): number | null {
  const number = Number.parseFloat(text);
  return Number.isFinite(number) ? number : null;
}
