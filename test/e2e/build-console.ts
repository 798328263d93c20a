import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** The page under test is the one in the checkout, not one that was built some time ago. */
export default async function buildConsole(): Promise<void> {
  await build({ root: fileURLToPath(new URL('../../web/', import.meta.url)), logLevel: 'warn' });
}
