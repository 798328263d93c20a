import { AppError } from '../config/app-error.ts';
import { folderSize } from './folder-size.ts';

export interface FolderRoomOptions {
  dataDir: string;
  /** Folders in it that do not count. */
  without: readonly string[];
  /** null: as much as there is room for. */
  limitBytes: number | null;
}

/** Full from here on; it has room again only below 95 % of that, so that it does not change its mind with every file. */
const ROOM_AGAIN = 0.95;

/** Whether a data folder may take more, as of the last look. */
export class FolderRoom {
  readonly #o: FolderRoomOptions;
  #bytes: number | null = null;
  #isFull = false;

  constructor(options: FolderRoomOptions) {
    this.#o = options;
  }

  /** Null before the first look. */
  get bytes(): number | null {
    return this.#bytes;
  }

  get limitBytes(): number | null {
    return this.#o.limitBytes;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Measures it anew: a `stat` for each file, in the thread pool. */
  async look(): Promise<void> {
    const { dataDir, without, limitBytes } = this.#o;
    const bytes = await folderSize(dataDir, { without });
    this.#bytes = bytes;
    if (limitBytes !== null) this.#isFull = bytes >= limitBytes * (this.#isFull ? ROOM_AGAIN : 1);
  }

  /** @throws {AppError} DISK_LIMIT while it is full. */
  readonly check = (): void => {
    if (!this.#isFull) return;
    const { limitBytes } = this.#o;
    throw new AppError('DISK_LIMIT', `the data folder takes ${this.#bytes} bytes and may take ${limitBytes}`, {
      details: { bytes: this.#bytes, limitBytes },
    });
  };
}
