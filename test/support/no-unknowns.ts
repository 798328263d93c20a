import { AppError } from '../../config/app-error.ts';
import type { UnknownStore } from '../../server/server-parts.ts';

/** Nobody unknown was seen. */
export function noUnknowns(): UnknownStore {
  const missing = (id: string) => new AppError('UNKNOWN_NOT_FOUND', `there is no unknown person ${id}`);
  return {
    keepMs: 600_000,
    list: async () => [],
    picture: (id) => {
      throw missing(id);
    },
    name: (id) => Promise.reject(missing(id)),
    forget: (id) => {
      throw missing(id);
    },
  };
}
