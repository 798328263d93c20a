import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { frameMessage } from '../../sinks/frame-message.ts';
import { JsonLines } from '../../sinks/json-lines.ts';
import { fakeResult } from '../support/fake-result.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

function collector(): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      chunks.push(chunk);
      setImmediate(done);
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

describe('JsonLines', () => {
  it('writes a value a line', async () => {
    const { stream, text } = collector();
    const lines = new JsonLines<{ name: string }>(stream);
    lines.push({ name: 'Ada' });
    lines.push({ name: 'two\nlines' });
    await lines.close();
    expect(text()).toBe('{"name":"Ada"}\n{"name":"two\\nlines"}\n');
    expect(stream.writableEnded).toBe(false);
    expect(lines.stats()).toEqual({ written: 2, dropped: 0 });
  });

  it('writes results as /ws/live says them, without pixels', async () => {
    const { stream, text } = collector();
    const lines = new JsonLines(stream, { format: (result: ReturnType<typeof fakeResult>) => frameMessage(result) });
    lines.push(fakeResult({ sequence: 7 }));
    await lines.close();
    expect(JSON.parse(text())).toMatchObject({ type: 'frame', sequence: 7, faces: [{ subject: { name: 'Ada' } }] });
    expect(text()).not.toContain('embedding');
  });

  it('drops lines, and counts them, rather than hold what a slow reader does not take', async () => {
    const stream = new PassThrough();
    const lines = new JsonLines<string>(stream, { maxBufferedBytes: 1_000 });
    for (let i = 0; i < 1_000; i += 1) lines.push('x'.repeat(500));
    expect(stream.writableLength).toBeLessThan(1_600);
    expect(lines.stats().dropped).toBeGreaterThan(800);
    expect(lines.stats().written + lines.stats().dropped).toBe(1_000);
    stream.resume();
    await lines.close();
  });

  it('survives a reader that goes away', async () => {
    const stream = new Writable({ write: (_chunk, _, done) => done(new Error('EPIPE')) });
    const lines = new JsonLines<number>(stream);
    lines.push(1);
    await settle();
    lines.push(2);
    expect(lines.stats().dropped).toBe(1);
    await lines.close();
  });

  it('leaves out what has no JSON', async () => {
    const { stream, text } = collector();
    const lines = new JsonLines<unknown>(stream);
    const round: Record<string, unknown> = {};
    round.self = round;
    for (const value of [round, 5n, undefined, 1]) lines.push(value);
    await lines.close();
    expect(text()).toBe('1\n');
    expect(lines.stats()).toEqual({ written: 1, dropped: 3 });
  });

  it('ends the stream at close where it may, once, and takes nothing afterwards', async () => {
    const { stream, text } = collector();
    const lines = new JsonLines<number>(stream, { end: true });
    lines.push(1);
    const closing = lines.close();
    lines.push(2);
    expect(lines.close()).toBe(closing);
    await closing;
    expect(stream.writableFinished).toBe(true);
    expect(text()).toBe('1\n');
  });
});
