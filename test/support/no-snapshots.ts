import { AppError } from '../../config/app-error.ts';
import type { SnapshotGate } from '../../server/server-parts.ts';

/** Where no picture of any event is kept. */
export function noSnapshots(): SnapshotGate {
  return {
    picture: async (id) => {
      throw new AppError('SNAPSHOT_NOT_FOUND', `there is no picture of event ${id}`);
    },
    forget: async () => 0,
  };
}
