import { AppError } from '../../config/app-error.ts';
import { CropAnalyser } from './crop-analyser.ts';
import { deviceTrouble } from './device-trouble.ts';
import { LocalFaceAnalyser } from './face-analyser.ts';
import type { Networks } from './networks.ts';
import type { PixelReceiver } from './pixel-channel.ts';
import {
  EXIT_TROUBLE,
  EXIT_WRONG_SETTINGS,
  type FromChild,
  type NetworksConfig,
  type ToChild,
  toWire,
} from './process-messages.ts';

/** What joins a process or thread to the one that started it. */
export interface ParentPort {
  /** @param sent called when the message is on its way, or never will be. */
  send(message: FromChild, sent?: () => void): void;
  /** Ends this process or thread with that code. */
  exit(code: number): void;
}

type Work = Extract<ToChild, { type: 'work' }>;

/**
 * Loads the networks that the parent names, then answers what comes, one after the other. When memory or device are used
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
  let networks: Networks | null = null;
  let stopping = false;
  let last: Promise<void> = Promise.resolve();

  /** Ends where the error says that going on makes no sense. */
  const endIn = (error: unknown): boolean => {
    const trouble = deviceTrouble(error);
    if (!trouble) return false;
    stopping = true;
    const { message } = toWire(error);
    parent.send({ type: 'ending', error: toWire(new AppError(trouble, message)) }, () => parent.exit(EXIT_TROUBLE));
    return true;
  };

  const start = async (config: NetworksConfig): Promise<void> => {
    try {
      networks = await open(config);
      parent.send({ type: 'ready', proofs: networks.proofs, most: networks.most });
    } catch (error) {
      if (endIn(error)) return;
      parent.send({ type: 'unable', error: toWire(error) }, () => parent.exit(EXIT_WRONG_SETTINGS));
    }
  };

  const work = async ({ id, width, height, pixels: ref, options }: Work): Promise<void> => {
    if (stopping) return;
    try {
      if (!networks) throw new Error('a picture came before the networks were loaded');
      const image = { width, height, format: 'rgb24', data: pixels.read(ref) } as const;
      const [done] = await networks.work([{ image, options }]);
      if (done!.status === 'rejected') throw done!.reason;
      parent.send({ type: 'done', id, answer: done!.value });
    } catch (error) {
      if (!endIn(error)) parent.send({ type: 'failed', id, error: toWire(error) });
    }
  };

  return (message) => {
    if (message.type === 'stop') {
      stopping = true;
      last = last.then(() => parent.exit(0));
      return;
    }
    last = last.then(() => (message.type === 'start' ? start(message.config) : work(message)));
  };
}

function openNetworks(config: NetworksConfig): Promise<Networks> {
  return (config.work === 'pictures' ? LocalFaceAnalyser.open(config) : CropAnalyser.open(config)) as Promise<Networks>;
}
