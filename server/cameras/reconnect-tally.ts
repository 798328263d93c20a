import type { CameraState } from '../../pipeline/camera-status.ts';
import type { Clock } from '../../pipeline/ports.ts';

const HOUR_MS = 3_600_000;

/** How often a camera was lost and tried again: in the last hour, and ever. */
export class ReconnectTally {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #times: number[] = [];
  #total = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Takes each new state of the camera. */
  note(state: CameraState): void {
    if (state !== 'reconnecting') return;
    this.#total += 1;
    this.#times.push(this.#clock.monotonicMs());
    this.#forget();
  }

  get counts(): { lastHour: number; total: number } {
    this.#forget();
    return { lastHour: this.#times.length, total: this.#total };
  }

  #forget(): void {
    const oldest = this.#clock.monotonicMs() - HOUR_MS;
    while (this.#times.length > 0 && this.#times[0]! < oldest) this.#times.shift();
  }
}
