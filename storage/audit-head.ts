import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import type { ChainLink } from './audit-chain.ts';
import { giveToOwner } from './give-to-owner.ts';

/** Beside `audit.db`: `audit.head`. */
export function headFileOf(databaseFile: string): string {
  return `${databaseFile.replace(/\.db$/, '')}.head`;
}

/** Null where there is none; `damaged` where it is not what we write. */
export function readHead(file: string): ChainLink | 'damaged' | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const match = /^(\d{1,15}) ([0-9a-f]{64})\n$/.exec(text);
  return match ? { number: Number(match[1]), hash: match[2] as string } : 'damaged';
}

/** In one step: whoever reads finds the old one or the new one, also after a power cut. */
export function writeHead(file: string, { number, hash }: ChainLink): void {
  const fresh = `${file}.new`;
  const handle = openSync(fresh, 'w', 0o600);
  try {
    giveToOwner(fresh, handle);
    writeSync(handle, `${number} ${hash}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(fresh, file);
}
