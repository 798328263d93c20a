export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A picture scaled into the top left corner of a network's input. */
export interface Letterbox {
  /** What the network sees. */
  readonly canvas: Size;
  /** The part of it that the picture fills. */
  readonly content: Size;
}

/**
 * Fits a picture into a network's input: its longest side becomes `longestSide`, its aspect ratio stays, and each side of
 * the canvas is the next multiple of 32 (640×384, not 640×640, for a 16:9 camera: 40 % less to compute).
 *
 * @param longestSide pixels, a multiple of 32.
 */
export function letterbox(picture: Size, longestSide: number): Letterbox {
  const content = scaledTo(picture, longestSide);
  return { canvas: { width: up(content.width), height: up(content.height) }, content };
}

/** The same for a network that takes one square size only. @param enlarge a smaller picture too is scaled to `side`. */
export function squareLetterbox(picture: Size, side: number, enlarge = true): Letterbox {
  const longestSide = enlarge ? side : Math.min(side, Math.max(picture.width, picture.height));
  return { canvas: { width: side, height: side }, content: scaledTo(picture, longestSide) };
}

function scaledTo(picture: Size, longestSide: number): Size {
  const scale = longestSide / Math.max(picture.width, picture.height);
  // A 4000×1 picture still has a row.
  return {
    width: Math.max(1, Math.round(picture.width * scale)),
    height: Math.max(1, Math.round(picture.height * scale)),
  };
}

function up(side: number): number {
  return Math.ceil(side / 32) * 32;
}
