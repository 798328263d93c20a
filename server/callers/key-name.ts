import { AppError } from '../../config/app-error.ts';

const LONGEST = 100;
/** Control characters, line separators, lone surrogates, and the marks that reverse the text after them. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u;

/**
 * A key's name as it is stored: trimmed, NFC. It stands in logs and in the list of who did what.
 *
 * @throws {AppError} REQUEST_INVALID when it has not 1 to 100 characters or holds control characters.
 */
export function keyName(text: string): string {
  const name = text.normalize('NFC').trim();
  const length = [...name].length;
  if (length < 1 || length > LONGEST) {
    throw new AppError('REQUEST_INVALID', `name must have 1 to ${LONGEST} characters, got ${length}`);
  }
  if (UNPRINTABLE.test(name)) throw new AppError('REQUEST_INVALID', 'name must not hold control characters');
  return name;
}
