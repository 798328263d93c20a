#!/usr/bin/env node
// Plain CommonJS without a single type (cli/package.json says so): a Node that is too old for the rest of facegate can
// still read this file and answer with one clear line.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `facegate needs Node 22.18 or newer, this is ${process.versions.node}; in a checkout "npm run facegate -- …" brings its own.\n`,
  );
  process.exitCode = 1;
} else {
  import('../server/small-young-generation.ts')
    .then(() => import('./commands/program.ts'))
    .then((program) => program.run(process.argv.slice(2)));
}
