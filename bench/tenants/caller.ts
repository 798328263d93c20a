// A program of its own that asks facegates over HTTP, so that it can be held to some processors: one call after the other, or
// several at a time. What it is told and tells is in ask.ts.
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { LoopDelay } from '../loop-delay.ts';
import type { Asked, AskTask, Heard, Target } from './ask.ts';
import { isRight } from './questions.ts';

/** After an answer that was none: whoever is down is not to be asked a thousand times a second. */
const AFTER_FAILURE_MS = 20;
const LONGEST_MS = 60_000;
/** As tenants and the gateway look at their own, so that they stand beside each other. */
const LOOKS_EVERY_MS = 5;

let stopped = false;

process.on('message', (message: AskTask | 'stop') => {
  if (message === 'stop') stopped = true;
  else {
    stopped = false;
    void askAll(message).then((heard) => process.send?.(heard));
  }
});
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function askAll({ targets, atOnce, seconds, calls }: AskTask): Promise<Heard> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const asked: Record<string, { latencies: number[]; wrong: number; failed: Record<string, number> }> = {};
  for (const { name } of targets) asked[name] = { latencies: [], wrong: 0, failed: {} };
  const started = performance.now();
  const delay = new LoopDelay(LOOKS_EVERY_MS);
  let next = 0;
  const isOver = () =>
    stopped || (seconds !== null && performance.now() - started >= seconds * 1000) || (calls !== null && next >= calls);
  const line = async () => {
    while (!isOver()) {
      const target = targets[next++ % targets.length]!;
      const of = asked[target.name]!;
      const begun = performance.now();
      try {
        const { status, text } = await ask(target, agent);
        const tookMs = performance.now() - begun;
        if (status !== 200) throw new Error(String(status));
        of.latencies.push(tookMs);
        if (!isRight(text, target.expected)) of.wrong += 1;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const why = code ?? message;
        of.failed[why] = (of.failed[why] ?? 0) + 1;
        await wait(AFTER_FAILURE_MS);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, line));
  agent.destroy();
  return {
    seconds: (performance.now() - started) / 1000,
    ownDelayP99Ms: delay.p99Ms(),
    asked: asked satisfies Record<string, Asked>,
  };
}

function ask({ url, body, contentType }: Target, agent: Agent): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': contentType, 'content-length': body.byteLength };
    const asking = request(url, { method: 'POST', agent, headers, timeout: LONGEST_MS }, (answer: IncomingMessage) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      answer.once('error', reject);
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asking.once('timeout', () => asking.destroy(new Error('no answer within a minute')));
    asking.once('error', reject);
    asking.end(body);
  });
}
