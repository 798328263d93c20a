import { describe, expect, it } from 'vitest';
import { AppError } from '../../../config/app-error.ts';
import type { Networks } from '../../../models/inference/networks.ts';
import { serveNetworks } from '../../../models/inference/serve-networks.ts';
import {
  EXIT_TROUBLE,
  EXIT_WRONG_SETTINGS,
  type FromChild,
  type NetworksConfig,
  type ToChild,
} from '../../../models/processes/process-messages.ts';

const config = {} as NetworksConfig;
const picture = (id: number): ToChild => ({
  type: 'work',
  id,
  width: 1,
  height: 1,
  pixels: { pixels: Uint8Array.of(id, 0, 0) },
  options: { id },
});

/** Networks that answer with the first byte of each picture, or as a test says. */
function networks(changes: Partial<Networks> = {}): Networks {
  return {
    proofs: [],
    most: 1,
    withinMs: 0,
    work: async (jobs) => jobs.map(({ image }) => ({ status: 'fulfilled', value: image.data[0] })),
    ...changes,
  };
}

function serve(open: () => Promise<Networks>) {
  const said: (FromChild | string)[] = [];
  const receive = serveNetworks(
    {
      send: (message, sent) => {
        said.push(message);
        sent?.();
      },
      exit: (code) => said.push(`exit ${code}`),
    },
    { read: (ref) => ('pixels' in ref ? ref.pixels : new Uint8Array(3)) },
    open,
  );
  const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
  return { said, receive, settle };
}

const rejected = (message: string) => ({
  status: 'rejected' as const,
  reason: new AppError('INFERENCE_FAILED', 'm failed on an input', { cause: new Error(message) }),
});

describe('serveNetworks', () => {
  it('loads the networks, then answers each picture with its number', async () => {
    const { said, receive, settle } = serve(async () => networks());
    receive({ type: 'start', config });
    await settle();
    for (const id of [7, 8]) receive(picture(id));
    await settle();
    expect(said).toEqual([
      { type: 'ready', proofs: [], most: 1 },
      { type: 'done', id: 7, answer: 7 },
      { type: 'done', id: 8, answer: 8 },
    ]);
  });

  it('gives networks that gain from it what comes together, and answers each by itself', async () => {
    const sizes: number[] = [];
    const { said, receive, settle } = serve(async () =>
      networks({
        most: 4,
        work: async (jobs) => {
          sizes.push(jobs.length);
          return jobs.map((_, i) => (i === 1 ? rejected('no') : { status: 'fulfilled', value: i }));
        },
      }),
    );
    receive({ type: 'start', config });
    await settle();
    for (const id of [1, 2, 3]) receive(picture(id));
    await settle();
    expect(sizes).toEqual([3]);
    expect(said.slice(1)).toEqual([
      { type: 'done', id: 1, answer: 0 },
      { type: 'failed', id: 2, error: { code: 'INFERENCE_FAILED', message: 'm failed on an input: no' } },
      { type: 'done', id: 3, answer: 2 },
    ]);
  });

  it('says that it cannot work with what it was given, and ends so that nobody starts it again', async () => {
    const { said, receive, settle } = serve(async () => {
      throw new AppError('MODEL_INVALID', 'no model');
    });
    receive({ type: 'start', config });
    await settle();
    expect(said).toEqual([
      { type: 'unable', error: { code: 'MODEL_INVALID', message: 'no model' } },
      `exit ${EXIT_WRONG_SETTINGS}`,
    ]);
  });

  it.each([
    ['Failed to allocate memory for requested buffer of size 9', 'INFERENCE_OUT_OF_MEMORY'],
    ['CUDA failure 700: an illegal memory access was encountered', 'INFERENCE_DEVICE_FAILED'],
  ])('ends with its reason, once, after "%s"', async (message, code) => {
    const { said, receive, settle } = serve(async () =>
      networks({ most: 2, work: async (jobs) => jobs.map(() => rejected(message)) }),
    );
    receive({ type: 'start', config });
    await settle();
    for (const id of [1, 2, 3]) receive(picture(id));
    await settle();
    receive(picture(4));
    await settle();
    expect(said.slice(1)).toEqual([
      { type: 'ending', error: { code, message: `m failed on an input: ${message}` } },
      `exit ${EXIT_TROUBLE}`,
    ]);
  });

  it('ends with the same reason when there is not enough memory to load them: later there may be', async () => {
    const { said, receive, settle } = serve(async () => {
      throw new AppError('MODEL_PROVIDER_UNAVAILABLE', 'cuda cannot run it', {
        cause: new Error('CUDA failure 2: out of memory'),
      });
    });
    receive({ type: 'start', config });
    await settle();
    expect(said).toEqual([
      {
        type: 'ending',
        error: { code: 'INFERENCE_OUT_OF_MEMORY', message: 'cuda cannot run it: CUDA failure 2: out of memory' },
      },
      `exit ${EXIT_TROUBLE}`,
    ]);
  });

  it('finishes what runs when it is asked to stop, and begins nothing more', async () => {
    let finish = () => {};
    const { said, receive, settle } = serve(async () =>
      networks({
        work: (jobs) =>
          new Promise((resolve) => {
            finish = () => resolve(jobs.map(() => ({ status: 'fulfilled', value: 'late' })));
          }),
      }),
    );
    receive({ type: 'start', config });
    await settle();
    receive(picture(1));
    receive(picture(2));
    receive({ type: 'stop' });
    await settle();
    expect(said).toHaveLength(1);
    finish();
    await settle();
    expect(said.slice(1)).toEqual([{ type: 'done', id: 1, answer: 'late' }, 'exit 0']);
  });

  it('ends at once when it is asked to stop before it has loaded anything', async () => {
    const { said, receive, settle } = serve(() => new Promise(() => {}));
    receive({ type: 'start', config });
    receive({ type: 'stop' });
    await settle();
    expect(said).toEqual(['exit 0']);
  });
});
