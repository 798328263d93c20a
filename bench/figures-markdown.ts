import { machineLine, troubles } from './machine.ts';
import { type Figures, figure, median, noteOf, type Ratio, type Row, spread } from './report.ts';

/** The figures of one part as docs/performance.md shows them, between its markers. Figures in it come from the file alone. */
export function figuresMarkdown({ machine, conditions, measurement }: Figures): string {
  const { rows, ratios, plots = [], remarks } = measurement;
  const measured = [
    `Measured ${conditions.at.slice(0, 10)} on ${machineLine(machine)}`,
    // Rows differ in how often they were measured: by round, before and after each, every second.
    'medians and spread of all that was measured',
    ...troubles(conditions).map((trouble) => `**${trouble}: these figures do not count**`),
  ];
  return [
    `${measured.join('; ')}.`,
    '',
    '| | median | spread | |',
    '|---|---|---|---|',
    ...rows.map(rowLine),
    '',
    ...(ratios.length > 0
      ? ['| ratio | median | spread | wanted |', '|---|---|---|---|', ...ratios.map(ratioLine), '']
      : []),
    ...plots.flatMap(({ name, title }) => [`![${cell(title)}](figures/${name}.svg)`, '']),
    ...remarks.map((remark) => `- ${remark.replaceAll(/\s*\n\s*/g, ' ')}`),
  ].join('\n');
}

const markerOf = (part: string) => ({ begin: `<!-- figures: ${part} -->`, end: `<!-- /figures: ${part} -->` });

/** Parts that a document has a place for. */
export function placesIn(document: string): string[] {
  return [...document.matchAll(/^<!-- figures: ([\w-]+) -->$/gm)].map(([, part]) => part!);
}

/** What stands between the markers of a part. @throws {Error} where they are not there */
export function figuresIn(document: string, part: string): string {
  const [from, to] = between(document, part);
  return document.slice(from, to).trim();
}

/** The document with other figures of a part. */
export function withFigures(document: string, part: string, markdown: string): string {
  const [from, to] = between(document, part);
  return `${document.slice(0, from)}\n${markdown.trim()}\n${document.slice(to)}`;
}

function between(document: string, part: string): [from: number, to: number] {
  const { begin, end } = markerOf(part);
  const from = document.indexOf(`${begin}\n`);
  const to = document.indexOf(`\n${end}`);
  if (from < 0 || to < from) throw new Error(`docs/performance.md must have ${begin} and, below it, ${end}`);
  return [from + begin.length, to + 1];
}

function rowLine(row: Row): string {
  const range = spread(row.values);
  return `| ${cell(row.name)} | ${figure(median(row.values))} ${row.unit} | ${range} | ${cell(noteOf(row))} |`;
}

function ratioLine(ratio: Ratio): string {
  const { wanted } = ratio;
  const value = figure(median(ratio.values));
  const words = wanted === null ? '' : 'atLeast' in wanted ? `≥ ${wanted.atLeast}` : `≤ ${wanted.atMost}`;
  const reached =
    wanted === null ||
    ('atLeast' in wanted ? median(ratio.values) >= wanted.atLeast : median(ratio.values) <= wanted.atMost);
  return `| ${cell(ratio.name)} | ${wanted === null ? value : `**${value}**`} | ${spread(ratio.values)} | ${words}${reached ? '' : ': **missed**'} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
