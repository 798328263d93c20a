import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CATALOG, type CatalogEntry } from './catalog.ts';
import type { CheckpointKind } from './checkpoint-file.ts';

/**
 * What to do with a checkpoint, ready to be typed.
 *
 * @param name of the catalog, where it is known what the file is meant to be.
 */
export function exportHint(path: string, kind: CheckpointKind, entry?: CatalogEntry): string {
  const what = `${path} is a PyTorch checkpoint (${kind}), not an ONNX model`;
  const exportable = [...CATALOG.values()].filter((one) => one.exportable).map(({ name }) => name);
  if (entry && !entry.exportable) {
    return `${what}; facegate has no export of ${entry.name}, only of: ${exportable.join(', ')}`;
  }
  const name = entry?.name ?? 'NAME';
  const target = path.replace(/\.(pth|pt|bin|onnx)$/i, '');
  const which = entry ? '' : `\n  where NAME is one of: ${exportable.join(', ')}`;
  return [
    `${what}; export it, then add it:`,
    `  python3 ${quoted(exportScript())} --check --model ${name} ${quoted(path)} ${quoted(`${target}.export.onnx`)}`,
    `  facegate models add ${quoted(`${target}.export.onnx`)} --as ${name}${which}`,
  ].join('\n');
}

/** Beside this file in a checkout; the package has it outside of `dist/`. */
function exportScript(): string {
  const inDist = import.meta.url.endsWith('.js');
  const path = fileURLToPath(new URL(inDist ? '../../models/export/export.py' : './export/export.py', import.meta.url));
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

/** As one word of a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
