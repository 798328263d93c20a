import { SourceError } from '../../config/app-error.ts';
import type { SourceAddress } from '../source-address.ts';
import type { FfmpegBinary } from './ffmpeg-binary.ts';
import { howToInstallFfmpeg } from './install-ffmpeg.ts';

/** Why this ffmpeg is not given this source to open: FFMPEG_TOO_OLD, with what to do; null where it may. */
export function refuseFfmpeg(
  ffmpeg: FfmpegBinary,
  address: SourceAddress,
  platform: NodeJS.Platform,
): SourceError | null {
  const why = reason(ffmpeg, address);
  if (!why) return null;
  return new SourceError(
    'FFMPEG_TOO_OLD',
    `ffmpeg ${ffmpeg.version} (${ffmpeg.path}) is not used for ${address.kind} cameras: ${why}. ${howToInstallFfmpeg(platform)}`,
  );
}

function reason(ffmpeg: FfmpegBinary, address: SourceAddress): string | null {
  if (address.kind === 'file' || address.kind === 'test') return null;
  if (ffmpeg.origin === 'bundled') return 'the bundled build is of 2018, for files only';
  if (address.kind === 'webcam') {
    return ffmpeg.can.devices.includes(address.format) ? null : `it was built without ${address.format}`;
  }
  if (address.kind === 'mjpeg') return null;
  return ffmpeg.can.ffconcatOptions
    ? null
    : 'before 5.0 it takes a camera’s password only where every user of the machine can read it';
}
