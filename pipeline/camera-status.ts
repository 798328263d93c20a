import type { ErrorCode } from '../config/error-codes.ts';

/** `closed`: we were asked to stop, or a file that does not loop came to its end. `failed`: only somebody can help it. */
export type CameraState =
  | 'idle'
  | 'connecting'
  | 'running'
  | 'stalled'
  | 'frozen'
  | 'reconnecting'
  | 'closed'
  | 'failed';

/** Which of a camera's addresses is meant: the first is its `url`, the others its `failover`. */
export interface StreamInUse {
  /** From 0. */
  readonly index: number;
  /** Without credentials. */
  readonly url: string;
}

/** What a camera is doing now. Every change is one event. */
export interface CameraStatus {
  readonly cameraId: string;
  readonly state: CameraState;
  /** Why it is not running; null while it is. */
  readonly code: ErrorCode | null;
  /** One line for people, without credentials; null where there is nothing to say. */
  readonly message: string | null;
  /** Wall-clock milliseconds since 1970 of the change. */
  readonly sinceMs: number;
  /** The address that is connected to, or was last tried; null before the first attempt and where there is only one. */
  readonly streamInUse: StreamInUse | null;
  /** Connections opened so far. */
  readonly connections: number;
  /** Wall-clock milliseconds of the next attempt, while reconnecting. */
  readonly retryAtMs: number | null;
}
