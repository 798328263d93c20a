import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { giveToOwner } from './give-to-owner.ts';

/**
 * Makes an empty file that only its owner may read, for SQLite to fill; looks only whether it can be used where there is
 * one. A database that is there must not even be opened here: closing any handle of a file lets go of every lock that this
 * process has on it (POSIX, fcntl), also of those that SQLite holds through handles of its own.
 */
export function makePrivately(file: string): void {
  try {
    const handle = openSync(file, 'ax', 0o600);
    try {
      giveToOwner(file, handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // What SQLite says of these is only that it could not open the file.
    if (statSync(file).isDirectory()) throw new Error('EISDIR: it is a folder');
    accessSync(file, constants.R_OK | constants.W_OK);
  }
}
