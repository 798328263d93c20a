import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

const dist = fileURLToPath(new URL('../../web/dist/', import.meta.url));
const files = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  .map((name) => join(dist, name))
  .filter((path) => statSync(path).isFile());

it('is a page of less than 100 kB', () => {
  const bytes = files.reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0);
  expect(files.length).toBeGreaterThan(2);
  expect(bytes).toBeLessThan(100_000);
});

it('has nothing inline that a strict policy forbids, and asks no other server for anything', () => {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  expect(html).not.toMatch(/<style|style=|<script(?![^>]*\ssrc=)|\son\w+=/);
  for (const path of files.filter((name) => /\.(html|css)$/.test(name))) {
    expect(readFileSync(path, 'utf8'), path).not.toMatch(
      /(?:src|href|url|@import)\s*[=(]?\s*["'(]?(?:https?:)?\/\/|data:/,
    );
  }
});
