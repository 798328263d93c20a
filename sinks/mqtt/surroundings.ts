import type { Observable } from 'rxjs';
import type { CameraState } from '../../pipeline/camera-status.ts';

export interface CameraNow {
  readonly id: string;
  readonly name: string;
  readonly state: CameraState;
}

/** What an MQTT sink knows of the cameras: those that there are now, and when that changed. */
export interface CamerasNow {
  views(): readonly CameraNow[];
  /** Says something after each change; what it says is not looked at. */
  readonly changes: Observable<unknown>;
}

export interface DoorNow {
  readonly id: string;
  readonly name: string;
  /** Null: not locked down. */
  readonly lockdown: object | null;
}

/** What an MQTT sink may do with doors: see them, and throw their lock-down switch. */
export interface DoorsNow {
  views(): readonly DoorNow[];
  /** @throws {AppError} where it cannot be kept. */
  lockDown(id: string, why: { by: string; reason: string | null }): unknown;
  /** @throws {AppError} where it cannot be kept. */
  release(id: string, why: { by: string; reason: string | null }): unknown;
  readonly changes: Observable<unknown>;
}
