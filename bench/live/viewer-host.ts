// A process with many live clients, so that they stand outside the server and their CPU time can be told apart.
import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface ViewerTask {
  /** One for each client. */
  readonly addresses: readonly string[];
}

/** How many of the clients got each frame. */
export interface ViewerAnswer {
  readonly frames: readonly (readonly [camera: string, sequence: number, clients: number])[];
  readonly bytes: number;
  /** Clients whose connection is gone. */
  readonly lost: number;
  readonly cpuSeconds: number;
}

/** That shake hands at the same time. */
const AT_ONCE = 25;
/** The start of a message holds them: parsing a thousand messages whole would be the clients' work, not the server's. */
const HEAD_BYTES = 200;
const HEAD = /"camera":"([^"]+)","sequence":(\d+)/;

const frames = new Map<string, Map<number, number>>();
let bytes = 0;
let lost = 0;
let used = process.cpuUsage();

process.on('message', async (message: ViewerTask | 'begin' | 'end') => {
  if (message === 'begin') {
    frames.clear();
    bytes = 0;
    used = process.cpuUsage();
  } else if (message === 'end') {
    const { user, system } = process.cpuUsage(used);
    process.send?.({
      frames: [...frames].flatMap(([camera, counts]) => [...counts].map(([sequence, n]) => [camera, sequence, n])),
      bytes,
      lost,
      cpuSeconds: (user + system) / 1e6,
    } as ViewerAnswer);
  } else {
    for (let at = 0; at < message.addresses.length; at += AT_ONCE)
      await Promise.all(message.addresses.slice(at, at + AT_ONCE).map(open));
    process.send?.('open');
  }
});
process.once('disconnect', () => process.exit());

async function open(address: string): Promise<void> {
  const socket = new WebSocket(address, { perMessageDeflate: false });
  socket.on('message', (data: Buffer) => {
    bytes += data.length;
    const [, camera, sequence] = HEAD.exec(data.toString('latin1', 0, HEAD_BYTES)) ?? [];
    if (camera === undefined) return;
    const counts = frames.get(camera) ?? new Map<number, number>();
    frames.set(camera, counts);
    counts.set(Number(sequence), (counts.get(Number(sequence)) ?? 0) + 1);
  });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  socket.on('close', () => {
    lost += 1;
  });
}
