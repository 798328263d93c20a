import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SERVE = fileURLToPath(new URL('../../../models/inference/serve-networks.ts', import.meta.url));
/** Says every file that was loaded. */
const WATCHED_IMPORT = `
const { registerHooks } = require('node:module');
registerHooks({ load: (url, context, next) => (console.log(url), next(url, context)) });
import(${JSON.stringify(SERVE)});
`;

it('an inference process, of which each facegate and tenant has some, loads neither the catalog nor what reads settings', () => {
  const loaded = execFileSync(process.execPath, ['-e', WATCHED_IMPORT], { encoding: 'utf8' }).split('\n');
  expect(loaded.some((url) => url.endsWith('models/runtime/session.ts'))).toBe(true);
  expect(loaded.filter((url) => /node_modules\/(zod|rxjs|fastify)\/|models\/catalog\.ts$/.test(url))).toEqual([]);
});
