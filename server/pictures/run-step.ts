import { AppError } from '../../config/app-error.ts';
import type { Detection } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { Step } from './step.ts';

/**
 * Applies a step that others may have written.
 * @throws {AppError} STEP_FAILED, naming the step, when it throws or its answer is no picture.
 */
export async function runStep(step: Step, image: PixelImage, faces: readonly Detection[]): Promise<PixelImage> {
  let answer: unknown;
  try {
    answer = await step.apply(image, faces);
  } catch (cause) {
    throw failed(step, 'threw an error; the log says which', cause);
  }
  const problem = whyNoPicture(answer);
  if (problem) throw failed(step, `must return a picture, but ${problem}`);
  return answer as PixelImage;
}

function failed({ name }: Step, what: string, cause?: unknown): AppError {
  return new AppError('STEP_FAILED', `the step "${name}" ${what}`, { details: { step: name }, cause });
}

function whyNoPicture(answer: unknown): string | null {
  if (typeof answer !== 'object' || answer === null) return `it returned ${answer === null ? 'null' : typeof answer}`;
  const { width, height, format, data } = answer as Partial<PixelImage>;
  if (format !== 'rgb24') return `its format is ${String(format)}, not rgb24`;
  if (!isSide(width) || !isSide(height)) return `its size is ${String(width)}×${String(height)}`;
  if (!(data instanceof Uint8Array)) return 'its data is no Uint8Array';
  const expected = width * height * 3;
  return data.length === expected ? null : `its data has ${data.length} bytes, expected ${expected}`;
}

const isSide = (side: unknown): side is number =>
  Number.isInteger(side) && (side as number) >= 1 && (side as number) <= 16_383;
