import { join } from 'node:path';
import { codeCacheFolder } from '../../config/code-cache.ts';
import type { GalleryLimits } from '../../gallery/gallery-limits.ts';
import type { Logger } from '../../pipeline/ports.ts';
import { watchRoom } from '../../server/watch-room.ts';
import { folderLimits } from '../../storage/folder-limits.ts';
import { FolderRoom } from '../../storage/folder-room.ts';

/**
 * How much the gallery of a data folder may hold, as the facegate that serves it left there.
 *
 * @throws {AppError} CONFIG_INVALID
 */
export async function galleryLimits(dataDir: string, log: Logger): Promise<GalleryLimits & Disposable> {
  const { subjects, diskBytes } = folderLimits(dataDir);
  if (diskBytes === null) return { subjects, [Symbol.dispose]: () => undefined };
  const room = roomOf(dataDir, diskBytes);
  const stop = await watchRoom({ room, changed: () => undefined, log });
  return { subjects, room: room.check, [Symbol.dispose]: stop };
}

export function roomOf(dataDir: string, limitBytes: number | null): FolderRoom {
  return new FolderRoom({ dataDir, without: [join(dataDir, 'models'), codeCacheFolder(dataDir)], limitBytes });
}
