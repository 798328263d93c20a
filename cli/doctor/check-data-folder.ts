import type { Finding } from './finding.ts';

export interface DataFolderFacts {
  readonly path: string;
  /** The folder itself; null where it does not exist yet. */
  readonly folder: { readonly isFolder: boolean; readonly mode: number; readonly writable: boolean } | null;
  /** The nearest folder above that exists, asked where the folder does not. */
  readonly above: { readonly path: string; readonly writable: boolean };
  /** Unix modes mean something here. */
  readonly modes: boolean;
}

export function checkDataFolder({ path, folder, above, modes }: DataFolderFacts): Finding {
  const check = 'data folder';
  if (!folder) {
    if (above.writable) return { check, state: 'ok', found: `${path} will be made at the first start` };
    return { check, state: 'wrong', found: `${path} cannot be made: ${above.path} is not writable`, todo: elsewhere };
  }
  if (!folder.isFolder) return { check, state: 'wrong', found: `${path} is no folder`, todo: elsewhere };
  if (!folder.writable) {
    return {
      check,
      state: 'wrong',
      found: `${path} is not writable`,
      todo: `chown it to whoever runs facegate, or ${elsewhere}`,
    };
  }
  if (modes && (folder.mode & 0o077) !== 0) {
    const mode = (folder.mode & 0o777).toString(8).padStart(3, '0');
    return {
      check,
      state: 'warning',
      found: `${path} is open to other users (mode ${mode}); it holds faces and keys`,
      todo: `chmod 700 ${path}`,
    };
  }
  return { check, state: 'ok', found: path };
}

const elsewhere = 'name another one with --data or FACEGATE_HOME';
