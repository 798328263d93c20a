import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { ViewerAnswer, ViewerTask } from './viewer-host.ts';

/** How many clients got each frame of each camera, over all processes. */
export type FrameCounts = ReadonlyMap<string, ReadonlyMap<number, number>>;

export interface CrowdAnswer {
  readonly frames: FrameCounts;
  readonly bytes: number;
  readonly lost: number;
  readonly cpuSeconds: number;
}

/** Many live clients, in processes of their own. */
export class ViewerCrowd implements AsyncDisposable {
  readonly #hosts: readonly ChildProcess[];

  private constructor(hosts: readonly ChildProcess[]) {
    this.#hosts = hosts;
  }

  /** Resolves when all are connected. @param processes among which the clients are divided. */
  static async open(addresses: readonly string[], processes: number): Promise<ViewerCrowd> {
    const hosts = Array.from({ length: processes }, () =>
      fork(new URL('./viewer-host.ts', import.meta.url), { execArgv: [] }),
    );
    const crowd = new ViewerCrowd(hosts);
    try {
      await Promise.all(
        hosts.map(async (host, i) => {
          const opened = answerOf(host);
          host.send({ addresses: addresses.filter((_, at) => at % processes === i) } satisfies ViewerTask);
          await opened;
        }),
      );
      return crowd;
    } catch (error) {
      await crowd[Symbol.asyncDispose]();
      throw error;
    }
  }

  begin(): void {
    for (const host of this.#hosts) host.send('begin');
  }

  async end(): Promise<CrowdAnswer> {
    const answers = await Promise.all(
      this.#hosts.map((host) => {
        const answer = answerOf(host);
        host.send('end');
        return answer as Promise<ViewerAnswer>;
      }),
    );
    const frames = new Map<string, Map<number, number>>();
    for (const [camera, sequence, clients] of answers.flatMap((answer) => answer.frames)) {
      const counts = frames.get(camera) ?? new Map<number, number>();
      frames.set(camera, counts);
      counts.set(sequence, (counts.get(sequence) ?? 0) + clients);
    }
    const sum = (of: (answer: ViewerAnswer) => number) => answers.reduce((all, answer) => all + of(answer), 0);
    return {
      frames,
      bytes: sum((answer) => answer.bytes),
      lost: sum((answer) => answer.lost),
      cpuSeconds: sum((answer) => answer.cpuSeconds),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#hosts.map(async (host) => {
        if (host.exitCode !== null || host.signalCode !== null) return;
        const gone = once(host, 'exit');
        host.kill('SIGKILL');
        await gone;
      }),
    );
  }
}

async function answerOf(host: ChildProcess): Promise<unknown> {
  const stop = new AbortController();
  try {
    return await Promise.race([
      once(host, 'message', { signal: stop.signal }).then(([message]) => message as unknown),
      once(host, 'exit', { signal: stop.signal }).then(([code, signal]) => {
        throw new Error(`a process of live clients ended with ${code ?? signal}`);
      }),
    ]);
  } finally {
    stop.abort();
  }
}

/** Frames of a camera that are left out at each end: they may have been on their way when counting began or ended. */
const AT_THE_EDGES = 2;

/**
 * Frames that clients did not get, of those that any client got.
 *
 * @param clientsOf how many watch this camera.
 */
export function missedFrames(
  frames: FrameCounts,
  clientsOf: (camera: string) => number,
): { readonly sent: number; readonly missed: number } {
  let sent = 0;
  let missed = 0;
  for (const [camera, counts] of frames) {
    const whole = [...counts].sort(([a], [b]) => a - b).slice(AT_THE_EDGES, -AT_THE_EDGES);
    const clients = clientsOf(camera);
    sent += whole.length * clients;
    for (const [, got] of whole) missed += clients - got;
  }
  return { sent, missed };
}
