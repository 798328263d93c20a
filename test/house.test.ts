import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Which rooms a room may import from, besides itself. Imports point inward (docs/architecture.md). */
const MAY_IMPORT: Record<string, readonly string[]> = {
  config: [],
  pipeline: ['config'],
  storage: ['config', 'pipeline'],
  sources: ['config', 'pipeline'],
  models: ['config', 'pipeline'],
  gallery: ['config', 'pipeline', 'storage'],
  access: ['config', 'pipeline', 'storage'],
  sinks: ['config', 'pipeline'],
  server: ['config', 'pipeline', 'storage', 'sources', 'models', 'gallery', 'access', 'sinks'],
  web: ['config', 'pipeline'],
  tenants: ['config', 'pipeline', 'storage', 'sources', 'models', 'gallery', 'access', 'sinks', 'server'],
  cli: ['config', 'pipeline', 'storage', 'sources', 'models', 'gallery', 'access', 'sinks', 'server', 'tenants'],
  // Looks at the program from outside: the shapes of its answers, and what tests are made of.
  soak: ['config', 'pipeline', 'server', 'tenants', 'cli', 'bench', 'test'],
};

/** A package that only one file may import, because it is archived, native or global in its effects. */
const ONLY_IN: Record<string, string> = {
  'fluent-ffmpeg': 'sources/ffmpeg/ffmpeg-process.ts',
  'onnxruntime-node': 'models/runtime/session.ts',
  'node-rtsp-stream': 'sinks/mpeg1-preview.ts',
  mqtt: 'sinks/mqtt/broker-connection.ts',
};

interface Import {
  readonly file: string;
  readonly target: string;
}

function sourceFiles(room: string): string[] {
  return readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.includes('node_modules'))
    .map((name) => join(room, name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
  const found = text.matchAll(/(?:\bfrom\s*|\bimport\s*\(\s*|^import\s+)(['"])([^'"]+)\1/gm);
  return [...found].map((match) => ({ file, target: match[2] as string }));
}

const imports = Object.keys(MAY_IMPORT).flatMap((room) => sourceFiles(room).flatMap(importsOf));

describe('the house', () => {
  it('is read at all', () => {
    expect(imports.length).toBeGreaterThan(50);
    expect(imports.some(({ target }) => target === 'rxjs')).toBe(true);
  });

  it('has imports that point inward only', () => {
    const wrong = imports.flatMap(({ file, target }) => {
      if (!target.startsWith('.')) return [];
      const room = file.split('/')[0] as string;
      const path = relative(root, resolve(root, dirname(file), target));
      const other = path.split('/')[0] as string;
      if (other === room || path === 'package.json') return [];
      return MAY_IMPORT[room]?.includes(other) ? [] : [`${file} imports ${path}`];
    });
    expect(wrong).toEqual([]);
  });

  it.each(Object.entries(ONLY_IN))('imports %s in %s only', (name, file) => {
    const importers = new Set(
      imports.filter((i) => i.target === name || i.target.startsWith(`${name}/`)).map((i) => i.file),
    );
    importers.delete(file);
    expect([...importers]).toEqual([]);
  });

  it('reads the environment in config/ and the composition roots only', () => {
    const readers = Object.keys(MAY_IMPORT)
      .filter((room) => !['config', 'cli', 'soak'].includes(room))
      .flatMap(sourceFiles)
      .filter((file) => file !== 'server/library.ts')
      .filter((file) =>
        /\bprocess\.env\b/.test(readFileSync(join(root, file), 'utf8').replace(/^\s*(\/\/|\*).*$/gm, '')),
      );
    expect(readers).toEqual([]);
  });
});
