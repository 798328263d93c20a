import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** The page under test is the one in the checkout, not one that was built some time ago, and built as it is shipped. */
export default async function buildConsole(): Promise<void> {
  const { NODE_ENV } = process.env;
  // The test runner's own value makes a page for developers: larger, and another one.
  process.env.NODE_ENV = 'production';
  try {
    await build({ root: fileURLToPath(new URL('../../web/', import.meta.url)), logLevel: 'warn' });
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
}
