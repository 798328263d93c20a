import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFigures, writeFigures, writePlots } from './figures-file.ts';
import { figuresMarkdown, placesIn, withFigures } from './figures-markdown.ts';
import { troubles } from './machine.ts';

const DOCS = join(import.meta.dirname, '../docs');

/**
 * Takes figures into docs/figures (PART.json and its plots) and rewrites what stands between the part's markers in
 * docs/performance.md. Parts that the document has no place for, and figures that do not count, are left out and said.
 *
 * @param paths files that `--json` wrote, or folders: every .json in them.
 * @returns what was done, a line each.
 */
export function writeReport(paths: readonly string[], o: { evenIfBusy: boolean; docs?: string }): string[] {
  const docs = o.docs ?? DOCS;
  const files = paths.flatMap((path) =>
    statSync(path).isDirectory()
      ? readdirSync(path)
          .filter((name) => name.endsWith('.json'))
          .map((name) => join(path, name))
      : [path],
  );
  const document = join(docs, 'performance.md');
  let text = readFileSync(document, 'utf8');
  const lines: string[] = [];
  for (const figures of files.flatMap(readFigures)) {
    const { part } = figures.measurement;
    const busy = troubles(figures.conditions);
    if (!placesIn(text).includes(part)) lines.push(`${part}: left out, performance.md has no place for it`);
    else if (busy.length > 0 && !o.evenIfBusy)
      lines.push(`${part}: left out, ${busy.join(', ')} (--even-if-busy takes it)`);
    else {
      const file = join(docs, 'figures', `${part}.json`);
      writeFigures(file, [figures]);
      // From the file as it was written, rounded: so the document can be made from it again.
      const [kept] = readFigures(file);
      writePlots(join(docs, 'figures'), kept!.measurement);
      text = withFigures(text, part, figuresMarkdown(kept!));
      lines.push(`${part}: taken`);
    }
  }
  writeFileSync(document, text);
  return lines;
}
