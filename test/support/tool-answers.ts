import { readFileSync } from 'node:fs';
import type { RunTool, ToolAnswer } from '../../models/devices/run-tool.ts';

/** What a program printed on some machine: a file of test/fixtures. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}

export const answered = (text: string): ToolAnswer => ({ state: 'answered', text });

/** A machine on which these command lines answer so; every other program is not there. */
export function toolsThat(answers: Readonly<Record<string, string | ToolAnswer>>): RunTool {
  return async (program, args) => {
    const answer = answers[[program, ...args].join(' ')];
    if (answer === undefined) return { state: 'absent' };
    return typeof answer === 'string' ? answered(answer) : answer;
  };
}
