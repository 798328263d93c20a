import { fchownSync, lchownSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * What root makes in the data folder of a service (`sudo facegate keys create …`) belongs to the service, which could not
 * read it otherwise. Does nothing for anybody else.
 *
 * @param handle the file, opened; default: by its name.
 */
export function giveToOwner(file: string, handle?: number): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(file));
  if (handle === undefined) lchownSync(file, uid, gid);
  else fchownSync(handle, uid, gid);
}
