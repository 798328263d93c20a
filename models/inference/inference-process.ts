/**
 * The entry of an inference process: loads the networks that its parent names, then answers pictures one after the other.
 * It lives exactly as long as its parent wants it to: signals of the terminal or the service manager are the parent's to
 * act on, and when the parent is gone, it goes.
 */
import { getPriority, setPriority } from 'node:os';
import { LocalFaceAnalyser } from './face-analyser.ts';
import { PixelReceiver } from './pixel-channel.ts';
import { EXIT_WRONG_SETTINGS, type FromChild, type ToChild, toWire } from './process-messages.ts';

/** Sockets, ffmpeg and decisions come before the next picture: work waits better than people do. */
const NICER_BY = 5;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit(0));
// Before the runtime starts threads of its own: they inherit it.
setPriority(Math.min(19, getPriority() + NICER_BY));

const pixels = new PixelReceiver();
let analyser: LocalFaceAnalyser | null = null;
let last: Promise<void> = Promise.resolve();

process.on('message', (message: ToChild) => {
  last = last.then(() => (message.type === 'start' ? start(message) : analyse(message)));
});

async function start({ config }: Extract<ToChild, { type: 'start' }>): Promise<void> {
  try {
    analyser = await LocalFaceAnalyser.open(config);
    send({ type: 'ready', proofs: analyser.proofs });
  } catch (error) {
    send({ type: 'unable', error: toWire(error) }, () => process.exit(EXIT_WRONG_SETTINGS));
  }
}

async function analyse({
  id,
  width,
  height,
  pixels: ref,
  options,
}: Extract<ToChild, { type: 'analyse' }>): Promise<void> {
  try {
    if (!analyser) throw new Error('a picture came before the networks were loaded');
    const analysis = await analyser.analyse({ width, height, format: 'rgb24', data: pixels.read(ref) }, options);
    send({ type: 'analysed', id, analysis });
  } catch (error) {
    send({ type: 'failed', id, error: toWire(error) });
  }
}

function send(message: FromChild, sent?: () => void): void {
  // The parent may go at any moment; 'disconnect' then ends us.
  process.send?.(message, undefined, undefined, () => sent?.());
}
