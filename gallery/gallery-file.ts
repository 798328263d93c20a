import { DatabaseFile } from '../storage/database-file.ts';
import { GALLERY_MIGRATIONS } from './gallery-migrations.ts';

/** @throws {AppError} GALLERY_UNAVAILABLE when it cannot be opened, is no gallery, or a newer facegate wrote it. */
export function openGalleryFile(file: string): DatabaseFile {
  return new DatabaseFile({
    file,
    what: 'gallery database',
    code: 'GALLERY_UNAVAILABLE',
    migrations: GALLERY_MIGRATIONS,
    // Faces can be rebuilt from embeddings: a deletion must be one.
    secureDelete: true,
  });
}
