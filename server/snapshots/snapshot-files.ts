import { chmod, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../config/app-error.ts';
import type { PictureKeys } from '../../gallery/picture-keys.ts';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { openSealed, sealBytes } from '../../storage/sealed-bytes.ts';

export interface SnapshotFilesOptions {
  /** A folder of its own; made when the first picture is written. */
  dir: string;
  keys: Pick<PictureKeys, 'current' | 'named'>;
}

/** The event that a picture is of. Tenant and id are bound to it: moved to another event or tenant, it does not open. */
export type PicturedEvent = Pick<AccessEvent, 'id' | 'sequence' | 'tenant'>;

export interface SnapshotFile {
  readonly id: string;
  readonly sequence: number;
  /** Of what it is sealed under. */
  readonly keyId: string;
  readonly bytes: number;
}

/** Number, id and key; nothing in it tells who or what is to be seen. */
const NAME = /^(\d{1,16})\.([0-9a-f-]{36})\.([0-9a-f]{8})$/;
const PART = '.part';
const OPENED_AT_ONCE = 32;

/**
 * Pictures of events, each sealed in a file of its own: all of it is done beside this thread, so that a disk that is slow holds
 * up no decision. A file is written whole or not at all; one that goes is overwritten
 * with zeros first, where the disk takes them.
 */
export class SnapshotFiles {
  readonly #options: SnapshotFilesOptions;
  /** By event, the oldest first. */
  readonly #files: Map<string, SnapshotFile>;
  #bytes = 0;
  #made = false;

  private constructor(options: SnapshotFilesOptions, files: readonly SnapshotFile[]) {
    this.#options = options;
    this.#files = new Map(files.map((file) => [file.id, file]));
    for (const { bytes } of files) this.#bytes += bytes;
  }

  /** What is there already; what was being written when facegate ended is removed. */
  static async open(options: SnapshotFilesOptions): Promise<SnapshotFiles> {
    const { dir } = options;
    const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for (const name of names) if (name.endsWith(PART)) await rm(join(dir, name), { force: true });
    const found: SnapshotFile[] = [];
    for (let i = 0; i < names.length; i += OPENED_AT_ONCE) {
      const some = names.slice(i, i + OPENED_AT_ONCE).map(async (name) => {
        const match = NAME.exec(name);
        if (!match) return;
        const [, sequence, id, keyId] = match as unknown as [string, string, string, string];
        found.push({ id, sequence: Number(sequence), keyId, bytes: (await stat(join(dir, name))).size });
      });
      await Promise.all(some);
    }
    return new SnapshotFiles(
      options,
      found.sort((a, b) => a.sequence - b.sequence),
    );
  }

  /** Room that they take on the disk. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The oldest first. */
  list(): IterableIterator<SnapshotFile> {
    return this.#files.values();
  }

  has(id: string): boolean {
    return this.#files.has(id);
  }

  /** On disk when it resolves. @throws also when there is no key to seal it under. */
  async write(event: PicturedEvent, jpeg: Uint8Array): Promise<void> {
    const { dir, keys } = this.#options;
    const { id, sequence } = event;
    const key = keys.current();
    const sealed = sealBytes(key.bytes, jpeg, contextOf(event));
    const file = { id, sequence, keyId: key.id, bytes: sealed.length };
    if (!this.#made) {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await chmod(dir, 0o700);
      this.#made = true;
    }
    const path = this.#pathOf(file);
    try {
      const handle = await open(path + PART, 'w', 0o600);
      try {
        await handle.writeFile(sealed);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(path + PART, path);
    } catch (error) {
      this.#made = false;
      await rm(path + PART, { force: true }).catch(() => undefined);
      throw error;
    }
    this.#files.set(id, file);
    this.#bytes += file.bytes;
  }

  /**
   * A JPEG; null where there is none.
   * @throws {AppError} IMAGE_CORRUPT when it does not open: changed, of another event, or its key is gone.
   */
  async read(event: PicturedEvent): Promise<Buffer | null> {
    const { id } = event;
    const file = this.#files.get(id);
    if (!file) return null;
    const sealed = await readFile(this.#pathOf(file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    // Removed while it was read, it would be half zeros.
    if (sealed === null || !this.#files.has(id)) return null;
    const key = this.#options.keys.named(file.keyId);
    const jpeg = key && openSealed(key.bytes, sealed, contextOf(event));
    if (jpeg) return jpeg;
    throw new AppError('IMAGE_CORRUPT', `the picture of event ${id} does not open: it is damaged, or its key is gone`);
  }

  /**
   * Gone when it resolves, and found by nobody from the call on.
   *
   * @returns how many of them there were.
   * @throws where one could not be removed: that one is still there, the others are gone.
   */
  async remove(ids: readonly string[]): Promise<number> {
    const files = ids.flatMap((id) => this.#files.get(id) ?? []);
    for (const file of files) {
      this.#files.delete(file.id);
      this.#bytes -= file.bytes;
    }
    let removed = 0;
    let failed: { readonly error: unknown } | null = null;
    for (const file of files) {
      try {
        if (await this.#removed(file)) removed += 1;
      } catch (error) {
        failed ??= { error };
        this.#files.set(file.id, file);
        this.#bytes += file.bytes;
      }
    }
    if (failed) throw failed.error;
    return removed;
  }

  async #removed(file: SnapshotFile): Promise<boolean> {
    const path = this.#pathOf(file);
    // A disk that is full or failing may take no zeros: sealed it goes all the same, or a full one would stay full.
    await overwrite(path, file.bytes).catch(() => undefined);
    try {
      await unlink(path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  #pathOf({ sequence, id, keyId }: SnapshotFile): string {
    return join(this.#options.dir, `${sequence}.${id}.${keyId}`);
  }
}

async function overwrite(path: string, bytes: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.writeFile(Buffer.alloc(bytes));
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

function contextOf({ tenant, id }: PicturedEvent): string {
  return ['snapshot', tenant, id].join('\n');
}
