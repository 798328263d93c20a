import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newWebhookSecret } from '../../../config/webhook-secret.ts';
import { eventually } from '../../support/eventually.ts';
import { WebhookReceiver } from '../../support/webhook-receiver.ts';

/** On demand many: `FACEGATE_WEBHOOK_KILLS=200 npx vitest run test/sinks/webhook/killed.test.ts`. */
const KILLS = Number(process.env.FACEGATE_WEBHOOK_KILLS ?? 8);
const LONGEST_MS = 300;
const worker = fileURLToPath(new URL('../../support/webhook-worker.ts', import.meta.url));
const SECRET = newWebhookSecret();

let folder: string;
let receiver: WebhookReceiver;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-hook-killed-'));
  receiver = await WebhookReceiver.start();
});
afterEach(async () => {
  await receiver.close();
  rmSync(folder, { recursive: true });
});

function start(what: 'append' | 'drain') {
  const child = spawn(process.execPath, [worker, folder, receiver.url, SECRET, what], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { child, closed: once(child, 'close') };
}

/** @returns the ids that it said were in the log. */
async function killSomewhere(): Promise<string[]> {
  const { child, closed } = start('append');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (said === '') setTimeout(() => child.kill('SIGKILL'), Math.random() * LONGEST_MS);
    said += text;
  });
  const [code, signal] = await closed;
  expect([code, signal]).toEqual([null, 'SIGKILL']);
  return said.split('\n').filter((line) => /^[0-9a-f-]{36}$/.test(line));
}

it(`delivers every event that was in the log, though it was killed ${KILLS} times`, {
  timeout: KILLS * 20_000,
}, async () => {
  // Slower than events come, so that there are always some between the log, the outbox and here.
  receiver.answer = (response) => void setTimeout(() => response.writeHead(204).end(), 15);
  const acknowledged: string[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) acknowledged.push(...(await killSomewhere()));
  const before = new Set(receiver.ids);
  // Otherwise nothing would be shown.
  expect(acknowledged.filter((id) => !before.has(id)).length).toBeGreaterThan(0);
  receiver.answer = (response) => void response.writeHead(204).end();
  const { child, closed } = start('drain');
  try {
    await eventually('all of them', () => {
      const got = new Set(receiver.ids);
      return acknowledged.every((id) => got.has(id));
    });
  } finally {
    child.kill('SIGKILL');
    await closed;
  }
  expect(acknowledged.length).toBeGreaterThan(KILLS);
  // What comes a second time, or after a restart, says so.
  const seen = new Set<string>();
  for (const { data } of receiver.received) {
    if (seen.has(data.id)) expect(data.replay).toBe(true);
    seen.add(data.id);
  }
});
