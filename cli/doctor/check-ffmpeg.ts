import type { CameraSettings } from '../../config/settings-schema.ts';
import type { FfmpegBinary } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import type { Finding } from './finding.ts';

/** The oldest release line whose features sources/ was built on. */
const LEAST_MAJOR = 5;

/** Where a webcam comes from, on Linux, macOS and Windows. */
const CAPTURE = ['v4l2', 'avfoundation', 'dshow'];

/**
 * @param ffmpeg what was found, or why none was.
 * @param install how one gets ffmpeg on this system.
 */
export function checkFfmpeg(
  ffmpeg: FfmpegBinary | Error,
  cameras: readonly Pick<CameraSettings, 'url' | 'hwaccel'>[],
  install: string,
): Finding {
  const check = 'ffmpeg';
  if (ffmpeg instanceof Error)
    return { check, state: 'wrong', found: ffmpeg.message.replace(install, '').trim(), todo: install };
  const { version, path, origin, major, can } = ffmpeg;
  const found = `${version} (${path})`;
  const urls = cameras.map(({ url }) => url);
  const starts = (...schemes: string[]) => urls.some((url) => schemes.some((scheme) => url.startsWith(scheme)));
  if (starts('webcam:') && !can.devices.some((device) => CAPTURE.includes(device))) {
    return {
      check,
      state: 'wrong',
      found: `${found} was built without capture devices, which a webcam needs`,
      todo: install,
    };
  }
  if (origin === 'bundled') {
    const state = starts('rtsp:', 'rtsps:', 'http:', 'https:', 'webcam:') ? 'wrong' : 'warning';
    return { check, state, found: `${found} is the one of the npm package, good for files only`, todo: install };
  }
  const hardware = new Set(cameras.map(({ hwaccel }) => hwaccel).filter((name) => name !== 'auto' && name !== 'none'));
  const lacks = [
    ...(major < LEAST_MAJOR ? [`it is older than ${LEAST_MAJOR}.0`] : []),
    ...(can.ffconcatOptions ? [] : ['passwords of cameras show in the list of processes']),
    ...[...hardware].filter((name) => !can.hwaccels.includes(name)).map((name) => `it cannot decode with ${name}`),
    ...(can.rtspTimeout === null ? ['a silent RTSP camera is noticed late'] : []),
  ];
  if (lacks.length > 0) return { check, state: 'warning', found: `${found}: ${lacks.join('; ')}`, todo: install };
  return { check, state: 'ok', found };
}
