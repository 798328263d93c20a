import type { CameraSettings } from '../../config/settings-schema.ts';
import type { CameraStatus } from '../../pipeline/camera-status.ts';
import type { CameraInput } from './camera-store.ts';
import type { ReconnectTally } from './reconnect-tally.ts';
import type { RunningCamera } from './running-camera.ts';

/** A camera that is there, whether it runs or not. */
export interface KnownCamera {
  /** What is in force. */
  settings: CameraSettings;
  readonly origin: CameraOrigin;
  /** Null while it is not enabled. */
  running: RunningCamera | null;
  status: CameraStatus;
  readonly reconnects: ReconnectTally;
  /** What was counted by those that ran before the one that runs now. */
  before: CameraTotals;
  /** Settles when the last change asked for is done. */
  changing: Promise<unknown>;
}

/** Where a camera comes from, as it was written there. */
export type CameraOrigin =
  | {
      readonly kind: 'config';
      readonly settings: CameraSettings;
      /** Where something kept in the database disagrees with the settings, a sentence. */
      conflict: string | null;
    }
  | { readonly kind: 'added'; input: CameraInput };

/** What a camera counted since the server started; none of it ever goes down. */
export interface CameraTotals {
  /** Frames for which no buffer was free. */
  readonly droppedPool: number;
  readonly decodeErrors: number;
  /** Pixels that came from ffmpeg. */
  readonly bytes: number;
}

export const NOTHING_YET: CameraTotals = { droppedPool: 0, decodeErrors: 0, bytes: 0 };

export function totalsOf({ before, running }: Pick<KnownCamera, 'before' | 'running'>): CameraTotals {
  const counts = running?.counts;
  return {
    droppedPool: before.droppedPool + (counts?.dropped.pool ?? 0),
    decodeErrors: before.decodeErrors + (counts?.decodeErrors ?? 0),
    bytes: before.bytes + (counts?.bytes ?? 0),
  };
}
