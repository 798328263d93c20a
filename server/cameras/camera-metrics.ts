import { Counter, Gauge, type Registry } from 'prom-client';
import type { CameraTotals } from './known-camera.ts';

/** What a camera says of itself when the metrics are read. */
export interface CameraReading extends CameraTotals {
  readonly camera: string;
  /** Of the newest analysed picture, milliseconds; null before the first. */
  readonly ageMs: number | null;
  /** Pictures a second out of the decoder, before thinning out; null before the first. */
  readonly decodedFps: number | null;
  /** What it sends; null where that cannot be told. */
  readonly bitsPerSecond: number | null;
  /** Frames a second that it is to be analysed at. */
  readonly askedFps: number;
  /** What it is analysed at now, at most. */
  readonly effectiveFps: number;
}

/** The metrics that are asked of the cameras at each reading. A camera that is no more has none. */
export function cameraMetrics(registers: Registry[], readings: () => readonly CameraReading[]): void {
  const counter = (name: string, help: string, value: (reading: CameraReading) => number) =>
    new Counter({
      name,
      help,
      labelNames: ['camera'],
      registers,
      collect() {
        this.reset();
        for (const reading of readings()) this.inc({ camera: reading.camera }, value(reading));
      },
    });
  const gauge = (name: string, help: string, value: (reading: CameraReading) => number | null) =>
    new Gauge({
      name,
      help,
      labelNames: ['camera'],
      registers,
      collect() {
        this.reset();
        for (const reading of readings()) {
          const now = value(reading);
          if (now !== null) this.set({ camera: reading.camera }, now);
        }
      },
    });

  counter(
    'facegate_camera_decode_errors_total',
    'Times that ffmpeg reported damaged or missing picture data.',
    (reading) => reading.decodeErrors,
  );
  counter(
    'facegate_camera_pixel_bytes_total',
    'Pixels that came from ffmpeg, after thinning out and scaling, bytes.',
    (reading) => reading.bytes,
  );
  gauge('facegate_camera_picture_age_seconds', 'How old the newest analysed picture is now.', ({ ageMs }) =>
    ageMs === null ? null : ageMs / 1000,
  );
  gauge(
    'facegate_camera_decoded_fps',
    'Pictures a second out of the decoder, before thinning out, over the last seconds.',
    (reading) => reading.decodedFps,
  );
  gauge(
    'facegate_camera_asked_fps',
    'Frames a second that the camera is to be analysed at.',
    (reading) => reading.askedFps,
  );
  gauge(
    'facegate_camera_effective_fps',
    'Frames a second that the camera is analysed at now, at most: less than asked while the networks cannot keep up.',
    (reading) => reading.effectiveFps,
  );
  gauge('facegate_camera_stream_bits_per_second', 'What the camera sends.', ({ bitsPerSecond }) => bitsPerSecond);
}
