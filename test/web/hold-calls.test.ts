import { afterEach, describe, expect, it, vi } from 'vitest';
import { call, holdCalls } from '../../web/src/api/call.ts';

describe('calls that are held back', () => {
  afterEach(() => vi.unstubAllGlobals());

  const listen = () => {
    const asked: string[] = [];
    vi.stubGlobal('fetch', async (path: string) => {
      asked.push(path);
      return new Response('{}', { status: 200 });
    });
    return asked;
  };

  it('go out when what they wait for is over, in their order; those ahead do not wait', async () => {
    const asked = listen();
    let finish = () => {};
    const held = holdCalls(async () => {
      await call('/keys', { ahead: true });
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    const others = [call('/cameras'), call('/doors')];
    await vi.waitFor(() => expect(asked).toEqual(['./keys']));
    await call('/session', { ahead: true });
    expect(asked).toEqual(['./keys', './session']);
    finish();
    await Promise.all([held, ...others]);
    expect(asked).toEqual(['./keys', './session', './cameras', './doors']);
  });

  it('go out as well when it failed', async () => {
    const asked = listen();
    const failed = holdCalls(() => Promise.reject(new Error('refused')));
    const other = call('/cameras');
    await expect(failed).rejects.toThrow('refused');
    await other;
    await call('/doors');
    expect(asked).toEqual(['./cameras', './doors']);
  });
});
