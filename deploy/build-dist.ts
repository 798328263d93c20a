// Makes dist/, what `npm pack` publishes: Node runs our TypeScript in a checkout, but not inside node_modules.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, globSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.dist.json'], {
  cwd: root,
  stdio: 'inherit',
});
// They say which files are CommonJS (cli/main.ts alone).
for (const name of globSync('cli/**/package.json', { cwd: root })) cpSync(join(root, name), join(dist, name));
chmodSync(join(dist, 'cli/main.js'), 0o755);
process.stdout.write(`built ${dirname(join(dist, 'index.js'))}\n`);
