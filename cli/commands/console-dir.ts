import { fileURLToPath } from 'node:url';

/** Where the built console lies, in a checkout and in the package. */
export function consoleDir(): string {
  const inDist = import.meta.url.endsWith('.js');
  return fileURLToPath(new URL(inDist ? '../../../web/dist' : '../../web/dist', import.meta.url));
}
