import { AppError } from '../../config/app-error.ts';
import type { PixelReceiver } from '../processes/pixel-channel.ts';
import {
  EXIT_TROUBLE,
  EXIT_WRONG_SETTINGS,
  type FromChild,
  type NetworksConfig,
  type ToChild,
  toWire,
} from '../processes/process-messages.ts';
import { deviceTrouble } from '../runtime/device-trouble.ts';
import { CropAnalyser } from './crop-analyser.ts';
import { LocalFaceAnalyser } from './face-analyser.ts';
import { JobLine } from './job-line.ts';
import type { Job, Networks } from './networks.ts';

/** What joins a process or thread to the one that started it. */
export interface ParentPort {
  /** @param sent called when the message is on its way, or never will be. */
  send(message: FromChild, sent?: () => void): void;
  /** Ends this process or thread with that code. */
  exit(code: number): void;
}

type Work = Extract<ToChild, { type: 'work' }>;

/**
 * Loads the networks that the parent names, then answers what comes. When memory or device are used
 * up, it says so and ends: in the process that it happened to, neither comes back.
 *
 * @param open loads the networks.
 * @returns takes the parent's messages.
 */
export function serveNetworks(
  parent: ParentPort,
  pixels: Pick<PixelReceiver, 'read'>,
  open: (config: NetworksConfig) => Promise<Networks> = openNetworks,
): (message: ToChild) => void {
  let line: JobLine<Work> | null = null;
  let stopping = false;

  /** Ends where the error says that going on makes no sense. */
  const endIn = (error: unknown): boolean => {
    const trouble = deviceTrouble(error);
    if (!trouble || stopping) return stopping;
    stopping = true;
    const { message } = toWire(error);
    parent.send({ type: 'ending', error: toWire(new AppError(trouble, message)) }, () => parent.exit(EXIT_TROUBLE));
    return true;
  };

  const start = async (config: NetworksConfig): Promise<void> => {
    try {
      const networks = await open(config);
      const { proofs, most, withinMs } = networks;
      line = new JobLine((messages) => work(networks, messages), { most, withinMs });
      parent.send({ type: 'ready', proofs, most });
    } catch (error) {
      if (!endIn(error)) parent.send({ type: 'unable', error: toWire(error) }, () => parent.exit(EXIT_WRONG_SETTINGS));
    }
  };

  const work = async (networks: Networks, messages: readonly Work[]): Promise<void> => {
    try {
      const jobs = messages.map(({ width, height, pixels: ref, options }): Job<unknown> => {
        return { image: { width, height, format: 'rgb24', data: pixels.read(ref) }, options };
      });
      for (const [i, done] of (await networks.work(jobs)).entries()) {
        const { id } = messages[i]!;
        if (done.status === 'fulfilled') parent.send({ type: 'done', id, answer: done.value });
        else if (!endIn(done.reason)) parent.send({ type: 'failed', id, error: toWire(done.reason) });
      }
    } catch (error) {
      if (endIn(error)) return;
      for (const { id } of messages) parent.send({ type: 'failed', id, error: toWire(error) });
    }
  };

  return (message) => {
    switch (message.type) {
      case 'start':
        start(message.config);
        break;
      case 'work':
        // Before they are loaded nothing is sent, after the end nothing is done.
        if (!stopping) line?.add(message);
        break;
      case 'stop':
        stopping = true;
        (line?.stop() ?? Promise.resolve()).then(() => parent.exit(0));
        break;
    }
  };
}

function openNetworks(config: NetworksConfig): Promise<Networks> {
  return (config.work === 'pictures' ? LocalFaceAnalyser.open(config) : CropAnalyser.open(config)) as Promise<Networks>;
}
