/** What `showinfo` says of one frame, after dropping and scaling. */
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

export type StderrLine =
  | { readonly kind: 'frame'; readonly header: FrameHeader }
  | { readonly kind: 'stream'; readonly facts: StreamFacts }
  | { readonly kind: 'decodeError' }
  /** A warning or worse, or something that stands without a level; worth keeping for a diagnosis. */
  | { readonly kind: 'complaint' }
  | { readonly kind: 'noise' };

/** Cameras fill lines of any length (SEI data, headers); what is looked for stands at the beginning. */
const LONGEST_LINE = 1000;

const SHOWINFO = /^\[Parsed_showinfo_\d+ @ \w+\] \[info\] (.*)$/;
const SHOWINFO_FRAME = /^n: *\d+ pts:.*? pts_time:(\S+) .*? s:(\d+)x(\d+) /;
const VIDEO = /^\[info\] +Stream #0:\d+.*?: Video: (\w+).*?, (\d+)x(\d+)[, ]/;
const FPS = /, ([\d.]+)(k?) fps\b/;
// A decoder is named as its codec.
const DECODER =
  /^\[(?:h264|hevc|mjpeg|mpeg4|mpeg2video|mpeg1video|h263|vp8|vp9|av1|libdav1d|libaom-av1|vvc) @ \w+\] \[(?:error|fatal|panic)\]/;
const DAMAGE = /corrupt|concealing|RTP: missed|packets? lost|error while decoding|max delay reached/i;

/**
 * What one line of ffmpeg's standard error (`-loglevel level+info`) means. The first `stream` is the input's; the output
 * is introduced in the same way afterwards.
 */
export function readStderrLine(text: string): StderrLine {
  const line = text.slice(0, LONGEST_LINE);
  const showinfo = SHOWINFO.exec(line)?.[1];
  if (showinfo !== undefined) {
    const frame = SHOWINFO_FRAME.exec(showinfo);
    if (!frame) return { kind: 'noise' };
    const pts = Number.parseFloat(frame[1]!);
    return {
      kind: 'frame',
      header: {
        ptsSeconds: Number.isFinite(pts) ? pts : null,
        width: Number(frame[2]),
        height: Number(frame[3]),
      },
    };
  }
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
