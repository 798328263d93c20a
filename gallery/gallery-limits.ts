/** How much a gallery may hold. */
export interface GalleryLimits {
  /** null: any number. */
  readonly subjects: number | null;
  /** Asked before anything is added; throws where there is no room. Default: there always is. */
  readonly room?: (() => void) | undefined;
}

export const NO_GALLERY_LIMITS: GalleryLimits = { subjects: null };
