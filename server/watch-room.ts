import { AppError } from '../config/app-error.ts';
import type { Logger } from '../pipeline/ports.ts';
import type { FolderRoom } from '../storage/folder-room.ts';

export interface WatchRoomOptions {
  room: FolderRoom;
  /** Called once each time that it has become full, and once each time that there is room again. */
  changed: (isFull: boolean) => void;
  log: Logger;
}

const EVERY_MS = { limited: 5000, free: 60_000 };

/**
 * Looks now and again what the data folder takes.
 *
 * @returns how to end it.
 */
export async function watchRoom({ room, changed, log }: WatchRoomOptions): Promise<() => void> {
  let failing = false;
  let ended = false;
  const look = async () => {
    const before = room.isFull;
    try {
      await room.look();
      failing = false;
    } catch (error) {
      if (!failing) log.error({ code: AppError.from(error).code }, `the data folder could not be measured: ${error}`);
      failing = true;
    }
    if (room.isFull !== before && !ended) changed(room.isFull);
  };
  await look();
  const timer = setInterval(() => void look(), room.limitBytes === null ? EVERY_MS.free : EVERY_MS.limited);
  timer.unref();
  return () => {
    ended = true;
    clearInterval(timer);
  };
}
