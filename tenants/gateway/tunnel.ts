import type { Socket } from 'node:net';

/** How long one half may stay open after the other has ended: what is on its way is still delivered. */
const LINGER_MS = 5000;

/** Joins two connections: each one's bytes go to the other as fast as that takes them, and neither outlives the other for long. */
export function tunnel(one: Socket, other: Socket): void {
  const end = (): void => {
    one.destroy();
    other.destroy();
  };
  let ending: NodeJS.Timeout | undefined;
  const endSoon = (): void => {
    ending ??= setTimeout(end, LINGER_MS).unref();
  };
  join(one, other);
  join(other, one);

  function join(from: Socket, to: Socket): void {
    from.setTimeout(0);
    from.setNoDelay(true);
    from.on('error', end);
    from.once('end', endSoon);
    from.once('close', () => {
      if (to.destroyed) clearTimeout(ending);
      else {
        endSoon();
        to.destroySoon();
      }
    });
    from.pipe(to);
  }
}
