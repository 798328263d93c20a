import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDockerfile } from '../support/dockerfile.ts';
import { parseCommand } from '../support/our-command-line.ts';

const root = resolve(import.meta.dirname, '../..');
const doc = readFileSync(join(root, 'docs/deploy.md'), 'utf8');
const { version, files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  files: string[];
};
/** As GitHub makes them of headings. */
const anchors = [...doc.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/\s/g, '-'),
);
const deployed = readdirSync(join(root, 'deploy'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(yaml|service|mjs|env)$|Dockerfile$/.test(name) && !name.startsWith('compose/secrets'))
  .map((name) => join('deploy', name));
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found as string);

describe('docs/deploy.md', () => {
  it('names compose files that there are, and all of them', () => {
    const named = new Set(all(doc, /\s-f ([\w.-]+\.yaml)/g));
    const there = readdirSync(join(root, 'deploy/compose')).filter((name) => name.endsWith('.yaml'));
    expect([...named].toSorted()).toEqual(there.toSorted());
  });

  it('names files of deploy/ that there are', () => {
    const named = all(doc, /\b(deploy\/[\w./@-]*\w)/g);
    expect(named.length).toBeGreaterThan(5);
    for (const path of named) expect(existsSync(join(root, path)), path).toBe(true);
  });

  it('has the sections that it and the files of deploy/ refer to', () => {
    const inside = all(doc, /\]\(#([\w-]+)\)/g);
    const outside = deployed.flatMap((path) =>
      all(readFileSync(join(root, path), 'utf8'), /docs\/deploy\.md#([\w-]+)/g),
    );
    expect(inside.length).toBeGreaterThan(3);
    expect(outside.length).toBeGreaterThan(3);
    for (const anchor of [...inside, ...outside]) expect(anchors).toContain(anchor);
  });

  it('builds the images that the compose files run', () => {
    const stages = readDockerfile(readFileSync(join(root, 'deploy/docker/Dockerfile'), 'utf8'));
    const built = [...doc.matchAll(/docker build -f (\S+) --target (\w+)\s+-t facegate:(\S+) \.$/gm)];
    expect(built.map(([, file, target, tag]) => [file, target, tag])).toEqual([
      ['deploy/docker/Dockerfile', 'cpu', version],
      ['deploy/docker/Dockerfile', 'cuda', `${version}-cuda`],
    ]);
    for (const name of ['cpu', 'cuda']) {
      expect(doc).toContain(`\`${stages.find((stage) => stage.name === name)?.from}\``);
    }
  });

  it('runs commands inside a container that there are', async () => {
    const run = all(doc, new RegExp(`docker run .* facegate:${version.replaceAll('.', '\\.')} (\\w[^\`\\n]*)`, 'g'));
    const exec = all(doc, /compose .* exec facegate facegate ([^`\n]+)/g);
    const commands = await Promise.all([...run, ...exec].map((line) => parseCommand(line.split(' '))));
    expect(commands.map(({ command }) => command)).toEqual(['models pull', 'doors list']);
  });

  it('makes every secret that the compose files name', () => {
    const needed = readdirSync(join(root, 'deploy/compose'))
      .filter((name) => name.endsWith('.yaml'))
      .flatMap((name) => all(readFileSync(join(root, 'deploy/compose', name), 'utf8'), /file: \.\/secrets\/([\w-]+)/g));
    const plain = all(doc, /for name in ([\w -]+); do/g).flatMap((names) => names.split(' '));
    const [tenants = '', kinds = ''] = all(doc, /for (?:tenant|kind) in ([\w -]+); do/g);
    const ofTenants = tenants.split(' ').flatMap((tenant) => kinds.split(' ').map((kind) => `${tenant}-${kind}`));
    const copied = all(doc, /cp \S+ secrets\/([\w-]+)/g);
    expect([...plain, ...ofTenants, ...copied].toSorted()).toEqual([...new Set(needed)].toSorted());
  });

  it('says that MIG was not run on', () => {
    expect(doc).toMatch(/not run on MIG hardware/i);
  });

  it('copies units from the package, which has them', () => {
    const [unit = ''] = all(doc, /cp \/opt\/facegate\/node_modules\/facegate\/(\S+)/g);
    expect(existsSync(join(root, unit))).toBe(true);
    expect(files.some((entry) => unit.startsWith(`${entry}/`))).toBe(true);
  });
});
