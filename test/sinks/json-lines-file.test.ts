import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { JsonLinesFile } from '../../sinks/json-lines-file.ts';
import { FakeEventLog } from '../support/fake-event-log.ts';

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => i + first);
const running = new AbortController().signal;

let folder: string;
let path: string;
let log: FakeEventLog;
const opened: JsonLinesFile[] = [];

function open(o: { maxBytes?: number; keep?: number; path?: string } = {}): JsonLinesFile {
  const sink = new JsonLinesFile({ id: 'file', path, maxBytes: 1e6, keep: 3, ...o });
  opened.push(sink);
  return sink;
}
const events = (count: number): AccessEvent[] => upTo(count).map(() => log.append());
const numbersIn = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as AccessEvent).sequence);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-lines-'));
  path = join(folder, 'deep', 'down', 'events.jsonl');
  log = new FakeEventLog();
});
afterEach(async () => {
  for (const sink of opened.splice(0)) await sink[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

describe('JsonLinesFile', () => {
  it('appends a line for each event, to a file for its owner only, in a folder that it makes', async () => {
    const sink = open();
    const [first, second] = [events(3), events(2)];
    await sink.deliver(first, running);
    await sink.deliver(second, running);
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines.slice(0, -1).map((line) => JSON.parse(line))).toEqual([...first, ...second]);
    expect(lines.at(-1)).toBe('');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(sink.stats()).toEqual({ path, bytes: statSync(path).size, rotations: 0 });
  });

  it('rotates before the file grows beyond its size, and keeps so many older ones', async () => {
    const size = Buffer.byteLength(`${JSON.stringify(log.append())}\n`);
    const sink = open({ maxBytes: size * 3 + 10, keep: 2 });
    for (const batch of [2, 5, 1, 3]) await sink.deliver(events(batch), running);
    expect(readdirSync(join(folder, 'deep/down')).sort()).toEqual(['events.jsonl', 'events.jsonl.1', 'events.jsonl.2']);
    expect([2, 1].flatMap((n) => numbersIn(`${path}.${n}`)).concat(numbersIn(path))).toEqual(upTo(12, 5));
    for (const file of [path, `${path}.1`, `${path}.2`]) expect(statSync(file).size).toBeLessThanOrEqual(size * 3 + 10);
  });

  it('gives a line that is larger than a whole file one of its own', async () => {
    const sink = open({ maxBytes: 10 });
    await sink.deliver(events(2), running);
    expect([numbersIn(`${path}.1`), numbersIn(path)]).toEqual([[1], [2]]);
  });

  it("cuts off nothing of a file that is somebody else's, and what a power cut left", async () => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'a note\nits last line, without an end');
    const sink = open();
    await sink.deliver(events(1), running);
    await sink[Symbol.asyncDispose]();
    expect(readFileSync(path, 'utf8')).toMatch(/^a note\nits last line, without an end\n\{"id":"[^\n]+\n$/);
    writeFileSync(path, '{"id":"a","sequence":1}\n\0\0\0\0');
    await open().deliver(events(1), running);
    expect(numbersIn(path)).toEqual([1, 2]);
  });

  it('goes on in a file that was there, keeps its mode, and cuts off what a crash left of a line', async () => {
    await open().deliver(events(2), running);
    chmodSync(path, 0o640);
    appendFileSync(path, '{"id":"half of a li');
    await open({ maxBytes: 1300 }).deliver(events(2), running);
    expect([...numbersIn(`${path}.1`), ...numbersIn(path)]).toEqual([1, 2, 3, 4]);
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it('leaves the text of somebody else alone', async () => {
    mkdirSync(join(folder, 'deep/down'), { recursive: true });
    const foreign = 'x'.repeat(70_000);
    writeFileSync(path, foreign);
    await open().deliver(events(1), running);
    const [kept, line] = readFileSync(path, 'utf8').split('\n');
    expect([kept, (JSON.parse(line as string) as AccessEvent).sequence]).toEqual([foreign, 1]);
  });

  it.each([
    ['moved away', () => renameSync(path, `${path}.moved`)],
    ['removed', () => rmSync(path)],
    ['removed with its folder', () => rmSync(join(folder, 'deep'), { recursive: true })],
  ])('begins a new file where the old one was %s', async (_, act) => {
    const sink = open();
    await sink.deliver(events(1), running);
    act();
    await sink.deliver(events(1), running);
    expect(numbersIn(path)).toEqual([2]);
  });

  it('says what is wrong while it cannot write, and writes the same events when it can again', async () => {
    writeFileSync(join(folder, 'deep'), 'a file where the folder should be');
    const sink = open();
    const batch = events(2);
    const failed = expect.objectContaining({
      code: 'SINK_FAILED',
      message: expect.stringMatching(/^the file .*events\.jsonl could not be written: E(NOTDIR|EXIST)$/),
    });
    await expect(sink.deliver(batch, running)).rejects.toEqual(failed);
    await expect(sink.deliver(batch, running)).rejects.toEqual(failed);
    rmSync(join(folder, 'deep'));
    await sink.deliver(batch, running);
    expect(numbersIn(path)).toEqual([1, 2]);
  });

  it.skipIf(!existsSync('/dev/full'))('leaves no half line on a full disk', async () => {
    const sink = open({ path: '/dev/full' });
    await expect(sink.deliver(events(1), running)).rejects.toMatchObject({
      code: 'SINK_FAILED',
      message: 'the file /dev/full could not be written: ENOSPC',
    });
  });

  it('writes nothing for somebody who has given up waiting, and closes twice', async () => {
    const sink = open();
    await expect(sink.deliver(events(1), AbortSignal.abort(new Error('stopping')))).rejects.toThrow('stopping');
    await Promise.all([sink[Symbol.asyncDispose](), sink[Symbol.asyncDispose]()]);
    expect(readFileSync(path, 'utf8')).toBe('');
  });
});
