import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, parse, relative, sep } from 'node:path';
import { AppError } from '../../config/app-error.ts';
import type { ErrorCode } from '../../config/error-codes.ts';

/** A file that may be a picture of somebody. */
export interface PictureFile {
  /** Whose, as the folder or the file is called; NFC. */
  readonly name: string;
  readonly path: string;
  /** What messages call it: its path within the folder, with `/`. */
  readonly label: string;
  /** What is kept of that with its template. */
  readonly source: string;
}

/** What was found and is no picture of anybody. */
export interface PassedOver {
  readonly label: string;
  readonly name: string | null;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface PeopleFolder {
  /** By name, then by file. */
  readonly pictures: readonly PictureFile[];
  readonly passedOver: readonly PassedOver[];
}

/** What systems and programs leave behind in folders, besides names that begin with a dot. */
const LITTER = new Set(['__macosx', 'thumbs.db', 'ehthumbs.db', 'desktop.ini', '@eadir', '$recycle.bin']);
const DEEPEST = 16;

/**
 * Who is in a folder: a sub-folder is a person, with all pictures beneath it; so is a file, by its name without ending.
 * Hidden files and the litter of systems are left out silently. Links are followed to files within the folder only: one
 * that leads out of it could enrol whatever the reader may read, and one to a folder could lead round in circles.
 *
 * @throws {AppError} USAGE when the folder is not there or none.
 */
export async function listPeople(folder: string): Promise<PeopleFolder> {
  const root = await realFolder(folder);
  const found: { pictures: PictureFile[]; passedOver: PassedOver[] } = { pictures: [], passedOver: [] };

  const walk = async (path: string, person: string | null, depth: number): Promise<void> => {
    const entries = await entriesOf(path);
    const why = entries ? 'the folder is empty' : 'the folder cannot be read';
    if (!entries || (depth === 1 && entries.length === 0)) {
      found.passedOver.push({ label: labelOf(root, path), name: person, code: 'IMAGE_MISSING', message: why });
      return;
    }
    for (const entry of entries) {
      const inside = join(path, entry.name);
      const name = person ?? (entry.isDirectory() ? entry.name : parse(entry.name).name).normalize('NFC');
      const label = labelOf(root, inside);
      const take = (file: string) => found.pictures.push({ name, path: file, label, source: label });
      const passOver = (code: ErrorCode, message: string) => found.passedOver.push({ label, name, code, message });
      if (entry.isDirectory()) {
        if (depth < DEEPEST) await walk(inside, name, depth + 1);
        else passOver('IMAGE_MISSING', `the folder lies deeper than ${DEEPEST} folders`);
      } else if (entry.isFile()) {
        take(inside);
      } else if (entry.isSymbolicLink()) {
        const target = await fileWithin(root, inside);
        if ('path' in target) take(target.path);
        else passOver('IMAGE_MISSING', target.why);
      } else passOver('IMAGE_UNSUPPORTED', 'this is neither a file nor a folder');
    }
  };
  await walk(root, null, 0);
  return found;
}

async function realFolder(folder: string): Promise<string> {
  const why = await stat(folder).then(
    (found) => (found.isDirectory() ? null : 'it is not a folder'),
    (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? 'there is no such folder' : 'it cannot be read'),
  );
  if (why) throw new AppError('USAGE', `--folder ${folder}: ${why}`);
  return realpath(folder);
}

/** Sorted; null when the folder cannot be read. */
async function entriesOf(path: string): Promise<Dirent[] | null> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter(({ name }) => !name.startsWith('.') && !LITTER.has(name.toLowerCase()))
      .sort((a, b) => (a.name.normalize('NFC') < b.name.normalize('NFC') ? -1 : 1));
  } catch {
    return null;
  }
}

async function fileWithin(root: string, link: string): Promise<{ path: string } | { why: string }> {
  try {
    const path = await realpath(link);
    if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) return { why: 'the link leads out of the folder' };
    const target = await stat(path);
    if (target.isDirectory()) return { why: 'the link leads to a folder; links to folders are not followed' };
    return target.isFile() ? { path } : { why: 'the link leads to something that is no file' };
  } catch {
    return { why: 'the link leads nowhere' };
  }
}

function labelOf(root: string, path: string): string {
  // A file's name must not drive the terminal that it is shown on.
  return relative(root, path)
    .split(sep)
    .join('/')
    .normalize('NFC')
    .replace(/\p{Cc}/gu, '\ufffd');
}
