import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What `sockaddr_un` holds on every system (macOS: 104), less the byte at its end. */
const LONGEST_PATH_BYTES = 103;
const LONGEST_NAME = `${'x'.repeat(64)}.sock`;

/** The folder that tenants listen in; nobody but the gateway's user gets in. */
export interface TenantSockets {
  pathOf(tenant: string): string;
  /** Idempotent. */
  remove(): void;
}

/** `run` in the data folder, or a folder of its own where that path is too long for a socket. */
export function openTenantSockets(dataDir: string): TenantSockets {
  const usual = join(dataDir, 'run');
  const fits = Buffer.byteLength(join(usual, LONGEST_NAME)) <= LONGEST_PATH_BYTES;
  if (fits) mkdirSync(usual, { recursive: true, mode: 0o700 });
  const folder = fits ? usual : mkdtempSync(join(tmpdir(), 'facegate-'));
  return {
    pathOf: (tenant) => join(folder, `${tenant}.sock`),
    remove: () => {
      if (!fits) rmSync(folder, { recursive: true, force: true });
    },
  };
}
