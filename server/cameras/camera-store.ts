import { join } from 'node:path';
import type { z } from 'zod';
import { AppError } from '../../config/app-error.ts';
import type { cameraSchema } from '../../config/settings-schema.ts';
import type { Clock, Logger } from '../../pipeline/ports.ts';
import { DatabaseFile, type Migration } from '../../storage/database-file.ts';
import { SecretBox } from '../../storage/secret-box.ts';

/** A camera as somebody gave it: what is not there has its default. */
export type CameraInput = z.input<typeof cameraSchema>;

/** What may be drawn over the picture of a camera that the settings name. */
export type DrawnAreas = Pick<CameraInput, 'zones' | 'masks'>;

/** Only ever append. */
const CAMERA_MIGRATIONS: readonly Migration[] = [
  {
    name: 'cameras',
    sql: `
      CREATE TABLE cameras (
        id TEXT PRIMARY KEY,
        sealed BLOB NOT NULL,
        added_at_ms INTEGER NOT NULL,
        changed_at_ms INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE drawn_areas (
        camera TEXT PRIMARY KEY,
        areas TEXT NOT NULL,
        changed_at_ms INTEGER NOT NULL
      ) STRICT;
    `,
  },
];

/**
 * What people changed about cameras while the server ran, kept for its next start: `cameras.db`. A camera's settings hold
 * its password and are sealed as a whole, under the key in `cameras.key` beside it.
 */
export class CameraStore {
  readonly #database: DatabaseFile;
  readonly #box: SecretBox;
  readonly #clock: Clock;

  /** @throws {AppError} CONFIG_INVALID when the database cannot be opened. */
  constructor({ dataDir, clock }: { dataDir: string; clock: Clock }) {
    this.#clock = clock;
    this.#box = new SecretBox(join(dataDir, 'cameras.key'));
    this.#database = new DatabaseFile({
      file: join(dataDir, 'cameras.db'),
      what: 'camera database',
      code: 'CONFIG_INVALID',
      migrations: CAMERA_MIGRATIONS,
      secureDelete: true,
    });
  }

  /** In the order in which they were added. One that cannot be opened is told to `log` and stays where it is. */
  added(log: Logger): CameraInput[] {
    const rows = this.#read('SELECT id, sealed FROM cameras ORDER BY added_at_ms, id');
    return rows.flatMap(({ id, sealed }) => {
      try {
        return [JSON.parse(this.#box.open(sealed as Uint8Array, context(String(id)))) as CameraInput];
      } catch (error) {
        const { code, message } = AppError.from(error);
        log.error({ camera: String(id), code }, `a camera that was added is left out: ${message}; add it again`);
        return [];
      }
    });
  }

  /** Adds it, or takes the place of the one of that id. On disk when this returns. */
  save(camera: CameraInput): void {
    const sealed = this.#box.seal(JSON.stringify(camera), context(camera.id));
    this.#write(
      'keep a camera',
      `INSERT INTO cameras VALUES (?1, ?2, ?3, ?3)
       ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed, changed_at_ms = excluded.changed_at_ms`,
      camera.id,
      sealed,
      this.#now(),
    );
  }

  forget(id: string): void {
    this.#write('forget a camera', 'DELETE FROM cameras WHERE id = ?', id);
  }

  /** By camera id. */
  drawn(): Map<string, DrawnAreas> {
    const rows = this.#read('SELECT camera, areas FROM drawn_areas');
    return new Map(rows.map(({ camera, areas }) => [String(camera), JSON.parse(String(areas)) as DrawnAreas]));
  }

  draw(camera: string, areas: DrawnAreas): void {
    this.#write(
      'keep what was drawn',
      `INSERT INTO drawn_areas VALUES (?1, ?2, ?3)
       ON CONFLICT (camera) DO UPDATE SET areas = excluded.areas, changed_at_ms = excluded.changed_at_ms`,
      camera,
      JSON.stringify(areas),
      this.#now(),
    );
  }

  /** Idempotent. */
  close(): void {
    this.#database.close();
  }

  #read(sql: string) {
    return this.#database.attempt('be read', () => this.#database.prepare(sql).all());
  }

  #write(doing: string, sql: string, ...values: (string | number | Uint8Array)[]): void {
    this.#database.attempt(doing, () => this.#database.prepare(sql).run(...values));
  }

  #now(): number {
    return Math.round(this.#clock.wallMs());
  }
}

const context = (id: string): string => `camera ${id}`;
