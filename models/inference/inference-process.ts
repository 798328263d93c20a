/**
 * The entry of an inference process. It lives exactly as long as its parent wants it to: signals of the terminal or the
 * service manager are the parent's to act on, and when the parent is gone, it goes.
 */
import { flushCompileCache } from 'node:module';
import { PixelReceiver } from '../processes/pixel-channel.ts';
import { serveNetworks } from './serve-networks.ts';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit(0));

const receive = serveNetworks(
  {
    // The parent may go at any moment; 'disconnect' then ends us.
    send: (message, sent) => {
      // All that it needs is loaded by then; one that is killed would leave nothing for its successor.
      if (message.type === 'ready') flushCompileCache();
      process.send?.(message, undefined, undefined, () => sent?.());
    },
    exit: (code) => process.exit(code),
  },
  new PixelReceiver(),
);
process.on('message', receive);
