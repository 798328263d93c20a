import { join, resolve } from 'node:path';
import type { Settings } from './settings-schema.ts';

/** Where a tenant's gallery lies and what opens it; given to `openGallery` as it is. */
export interface GalleryPlace {
  /** The database. */
  readonly file: string;
  readonly keyFile: string;
  /** `FACEGATE_GALLERY_KEY`: base64 of 32 bytes, instead of the file. */
  readonly key: string | undefined;
  readonly keepImages: boolean;
}

export function galleryPlace(o: {
  settings: Pick<Settings, 'gallery'>;
  dataDir: string;
  /** What relative paths of the settings are relative to. */
  baseDir: string;
  /** `FACEGATE_GALLERY_KEY`. */
  key: string | undefined;
}): GalleryPlace {
  const { keyFile, keepImages } = o.settings.gallery;
  return {
    file: join(o.dataDir, 'gallery.db'),
    keyFile: keyFile === undefined ? join(o.dataDir, 'gallery.key') : resolve(o.baseDir, keyFile),
    // An empty variable is what a container sets that was given none.
    key: o.key === '' ? undefined : o.key,
    keepImages,
  };
}
