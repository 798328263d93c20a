import { styleText } from 'node:util';
import type { Finding, FindingState } from './finding.ts';

const COLOURS = { ok: 'green', warning: 'yellow', wrong: 'red', 'not checked': 'dim' } as const satisfies Record<
  FindingState,
  string
>;
const STATE_WIDTH = 'not checked'.length;
const GAP = 2;
/** What is said has this much room even beside a very long name. */
const LEAST_TEXT = 24;

export interface ReportOptions {
  /** Characters of a line. Default 80. */
  readonly width?: number;
  /** Default false. */
  readonly colours?: boolean;
}

/** The findings as lines for a person: state, what was looked at, what was found, and behind an arrow what to type. */
export function report(findings: readonly Finding[], { width = 80, colours = false }: ReportOptions = {}): string[] {
  const longest = Math.max(0, ...findings.map(({ check }) => check.length));
  const margin = STATE_WIDTH + GAP + Math.min(longest, 20) + GAP;
  const room = Math.max(LEAST_TEXT, width - margin);
  const paint = (state: FindingState, text: string) =>
    colours ? styleText(COLOURS[state], text, { validateStream: false }) : text;
  const lines = findings.flatMap(({ check, state, found, todo }) => {
    const head = `${paint(state, state.padEnd(STATE_WIDTH))}${' '.repeat(GAP)}${check.padEnd(margin - STATE_WIDTH - GAP)}`;
    const said = wrapped(found, room);
    const typed =
      todo === undefined ? [] : wrapped(todo, room - 2).map((line, at) => `${at === 0 ? '→' : ' '} ${line}`);
    const tooLong = check.length > margin - STATE_WIDTH - GAP - 1;
    const first = tooLong ? [head.trimEnd()] : [];
    return [
      ...first,
      ...[...said, ...typed].map((line, at) => `${at === 0 && !tooLong ? head : ' '.repeat(margin)}${line}`),
    ];
  });
  return [...lines, '', summary(findings)];
}

function summary(findings: readonly Finding[]): string {
  const count = (state: FindingState) => findings.filter((finding) => finding.state === state).length;
  const parts = (['wrong', 'warning', 'ok', 'not checked'] as const).map((state) => `${count(state)} ${state}`);
  return parts.join(', ');
}

/** Broken at spaces and line ends; a word that is longer than a line (a path, a URL) is left whole, to be copied. */
function wrapped(text: string, room: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.trim().split(/\s+/)) {
      if (line !== '' && line.length + 1 + word.length > room) {
        lines.push(line);
        line = '';
      }
      line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}
