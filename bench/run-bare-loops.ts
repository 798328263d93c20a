import { type ChildProcess, fork } from 'node:child_process';
import type { BareLoopAnswer, BareLoopTask } from './bare-loop.ts';

/** The same work in so many processes at the same time: none begins before all are ready. */
export async function runBareLoops(task: BareLoopTask, copies: number): Promise<BareLoopAnswer[]> {
  const children = Array.from({ length: copies }, () =>
    fork(new URL('./bare-loop.ts', import.meta.url), { execArgv: [] }),
  );
  try {
    const ready = children.map((child) => messageOf(child));
    for (const child of children) child.send(task);
    await Promise.all(ready);
    const answers = children.map((child) => messageOf(child));
    for (const child of children) child.send('begin');
    return (await Promise.all(answers)) as BareLoopAnswer[];
  } catch (error) {
    for (const child of children) child.kill('SIGKILL');
    throw error;
  }
}

function messageOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`the bare loop ended with ${code ?? signal}`)));
  });
}
