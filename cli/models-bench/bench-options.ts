import { AppError } from '../../config/app-error.ts';
import type { ProviderName } from '../../config/execution-providers.ts';
import { providerName } from '../../models/runtime/providers.ts';

/** `320,640`: longest sides of a detector's input, pixels. */
export function sizesFrom(text: string): number[] {
  const sizes = listed(text).map(Number);
  if (
    sizes.length > 0 &&
    sizes.every((size) => Number.isInteger(size) && size > 0 && size % 32 === 0 && size <= 4096)
  ) {
    return [...new Set(sizes)];
  }
  throw new AppError('USAGE', `--sizes must be multiples of 32 up to 4096, as in 320,640,1024, got "${text}"`);
}

/** `cpu,cuda`: the runtime's own names are accepted too. */
export function providersFrom(text: string): ProviderName[] {
  const names = listed(text);
  if (names.length === 0)
    throw new AppError('USAGE', `--providers must name one at least, as in cpu,cuda, got "${text}"`);
  try {
    return [...new Set(names.map(providerName))];
  } catch (error) {
    throw new AppError('USAGE', `--providers: ${(error as Error).message}`, { cause: error });
  }
}

export function secondsFrom(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds > 0 && seconds <= 600) return seconds;
  throw new AppError('USAGE', `--seconds must be more than 0 and at most 600, got "${text}"`);
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
