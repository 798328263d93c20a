import type { DemoPeople } from './enrol-people.ts';

export interface DemoSummaryOptions {
  /** Where the film came from, for people. */
  film: string;
  people: DemoPeople;
  starter: boolean;
}

const names = new Intl.ListFormat('en-GB');

/** What somebody who tries facegate wants to know once it runs, below the line with the address. */
export function demoSummary({ film, people, starter }: DemoSummaryOptions): string[] {
  const { enrolled, strangers } = people;
  const known =
    enrolled.length === 0
      ? 'nobody'
      : `${names.format(enrolled)} (invented names); the door opens for ${enrolled[0]} only`;
  const lines = [`  film     ${film}`, `  known    ${known}`];
  if (strangers > 0) lines.push(`  unknown  ${strangers} more, left out on purpose`);
  if (starter) {
    lines.push(
      '  models   starter models, which recognise less well: the usual ones could not be fetched',
      '           ("facegate models pull" says why)',
    );
  }
  return [...lines, 'Ctrl-C stops it; people and keys made here are gone then. "facegate serve" keeps them.'];
}
