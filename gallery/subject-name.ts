import { AppError } from '../config/app-error.ts';
import { looksLikeId } from '../pipeline/name-key.ts';

const LONGEST = 200;
/** Control characters, line separators, lone surrogates, and the marks that reverse the text after them. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u;

/**
 * A subject's display name as it is stored: trimmed, NFC.
 *
 * @throws {AppError} REQUEST_INVALID when it has not 1 to 200 characters, holds control characters or looks like an id.
 */
export function subjectName(text: string): string {
  const name = text.normalize('NFC').trim();
  const length = [...name].length;
  if (length < 1 || length > LONGEST) {
    throw new AppError('REQUEST_INVALID', `name must have 1 to ${LONGEST} characters, got ${length}`);
  }
  if (UNPRINTABLE.test(name)) throw new AppError('REQUEST_INVALID', 'name must not hold control characters');
  if (looksLikeId(name)) throw new AppError('REQUEST_INVALID', 'name must not have the form of a UUID');
  return name;
}
