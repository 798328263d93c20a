/** Turns a crop into its mirror image, left to right, in place. @param crop planar, 3 · side² values. */
export function mirrorCrop(crop: Float32Array, side: number): void {
  for (let row = 0; row < crop.length; row += side) crop.subarray(row, row + side).reverse();
}
