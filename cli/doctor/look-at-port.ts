import { createServer } from 'node:net';
import type { RunTool } from '../../models/devices/run-tool.ts';
import type { PortState } from './check-port.ts';

const ANSWER_MS = 1500;

/** Listens for a moment; where that is refused, asks who does. */
export async function lookAtPort(host: string, port: number, run: RunTool): Promise<PortState> {
  const refused = await listenOnce(host, port);
  if (refused === null) return { is: 'free' };
  if (refused !== 'EADDRINUSE') return { is: 'refused', why: refused };
  return { is: 'taken', by: (await facegateAt(host, port)) ?? (await listenerOf(port, run)) };
}

/** @returns null, or why it was refused: an error code. */
function listenOnce(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

async function facegateAt(host: string, port: number): Promise<string | null> {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  try {
    const response = await fetch(`http://${name.includes(':') ? `[${name}]` : name}:${port}/health`, {
      signal: AbortSignal.timeout(ANSWER_MS),
      redirect: 'error',
    });
    const answer = (await response.json()) as { status?: unknown; version?: unknown };
    const ours = answer.status === 'ok' && typeof answer.version === 'string' && /^[\w.+-]{1,40}$/.test(answer.version);
    return ours ? `facegate ${answer.version}` : null;
  } catch {
    return null;
  }
}

/** Linux; the names of other users' programs are shown to root only. */
async function listenerOf(port: number, run: RunTool): Promise<string | null> {
  const answer = await run('ss', ['-Hltnp', `sport = :${port}`]);
  if (answer.state !== 'answered') return null;
  const found = /users:\(\("([^"]+)",pid=(\d+)/.exec(answer.text);
  return found ? `${found[1]} (process ${found[2]})` : null;
}
