import sharp, { type Sharp } from 'sharp';

/** A grey picture with noise, so that no format shrinks it to nothing. */
export function noisePicture(width = 160, height = 120): Sharp {
  return sharp({
    create: { width, height, channels: 3, background: '#808080', noise: { type: 'gaussian', mean: 128, sigma: 30 } },
  });
}

export const jpegPicture = (width?: number, height?: number): Promise<Buffer> =>
  noisePicture(width, height).jpeg().toBuffer();
