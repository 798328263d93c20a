/**
 * The entry of an inference thread (`isolation: thread`), for comparison and for those who embed the library. Ending a
 * thread from outside while its network runs aborts the whole program: it is asked to stop, and goes by itself.
 */
import { parentPort } from 'node:worker_threads';
import { lowerPriority } from '../../config/work-priority.ts';
import { PixelReceiver } from '../processes/pixel-channel.ts';
import { serveNetworks } from './serve-networks.ts';

// Elsewhere this would be the priority of the whole program.
const refusal = process.platform === 'linux' ? lowerPriority(0) : null;
if (refusal) process.stderr.write(`its priority stays as it is: ${refusal.message}\n`);

const port = parentPort!;
const receive = serveNetworks(
  {
    send(message, sent) {
      port.postMessage(message);
      sent?.();
    },
    exit(code) {
      process.exitCode = code;
      // Nothing is left that keeps the thread alive; what was sent still arrives.
      port.close();
    },
  },
  new PixelReceiver(),
);
port.on('message', receive);
