import { AppError } from '../../config/app-error.ts';

/** Numbers of CompreFace that facegate's own codes have no word for; each is answered with 400. */
export type RefusalNumber = 20 | 26 | 34 | 36;

/** What our schemas say of a field that is not there, which CompreFace has a number for. */
export const IS_MISSING = 'is missing';

/** A request that CompreFace would refuse by a number of its own. */
export class ComprefaceError extends AppError {
  readonly number: RefusalNumber;

  constructor(number: RefusalNumber, message: string) {
    super('REQUEST_INVALID', message);
    this.number = number;
  }
}
