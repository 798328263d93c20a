import { request as askOver, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { pipeline } from 'node:stream';
import { AppError } from '../../config/app-error.ts';
import { answerHeaders } from './passed-headers.ts';
import { letFinish } from './refuse.ts';

export interface Asked {
  readonly socketPath: string;
  /** Path and query, as the tenant is asked. */
  readonly path: string;
  /** name, value, name, value … */
  readonly headers: readonly string[];
  /** How long nothing may move before somebody is given up: the client, or a tenant that stays mute. */
  readonly idleMs: number;
  /** The answer's headers are there. What it returns is answered instead. */
  readonly onAnswer: (answer: IncomingMessage) => AppError | null;
  /** It came to no answer. Once at most; the tenant is no longer asked. */
  readonly onFailure: (error: AppError) => void;
}

/**
 * Asks the tenant and hands its answer on, both as they come: nothing is collected, whoever reads slowly slows the other
 * down, and whoever goes takes the other along. Each request has a connection of its own: one that is used again may close at
 * the moment when it is, and what is left on it of one client could reach another.
 */
export function forwardRequest(request: IncomingMessage, response: ServerResponse, o: Asked): void {
  const { socketPath, path, headers, idleMs } = o;
  let over = false;
  let answered = false;
  const tenant = askOver({
    createConnection: () => connect(socketPath),
    method: request.method,
    path,
    // Else Node ends the connection as soon as it has the answer; a tenant that answers early reads the rest of the body.
    headers: [...headers, 'connection', 'keep-alive'],
    setHost: false,
  });
  const letGo = (): void => {
    request.unpipe(tenant);
    tenant.destroy();
    // What is left of the body goes nowhere (refuse.ts says for how long); unread, it would hold the connection up.
    request.resume();
  };
  const fail = (error: AppError): void => {
    if (over) return;
    over = true;
    letGo();
    o.onFailure(error);
  };

  response.once('close', () => {
    over = true;
    letGo();
  });
  const watch = (): void => void response.setTimeout(idleMs);
  response.on('timeout', () => {
    if (over) return;
    if (answered) {
      // An answer may be silent for as long as it likes; a client that leaves it lying may not.
      if (request.socket.writableLength > 0) response.destroy();
      else watch();
    } else if (request.complete || tenant.writableNeedDrain) {
      fail(new AppError('TENANT_TIMEOUT', 'the tenant took the request and did not answer'));
    } else {
      fail(new AppError('REQUEST_INVALID', 'the rest of the body did not come'));
    }
  });
  watch();

  tenant.on('error', (cause) => {
    if (answered) response.destroy();
    else fail(unavailable(cause));
  });
  tenant.on('response', (answer) => {
    if (over) {
      answer.destroy();
      return;
    }
    const instead = o.onAnswer(answer);
    if (instead) {
      fail(instead);
      return;
    }
    answered = true;
    letFinish(request, response);
    response.writeHead(answer.statusCode as number, answer.statusMessage, answerHeaders(answer));
    // A stream's headers do not wait for its first event.
    response.flushHeaders();
    pipeline(answer, response, letGo);
  });
  // The tenant may have something to say before the first byte of a body.
  if (!request.complete) tenant.flushHeaders();
  request.pipe(tenant);
}

/** Why nothing came of it. Where its socket lies is nobody's business. */
export function unavailable(cause: unknown): AppError {
  const { code } = cause as NodeJS.ErrnoException;
  const notThere = code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'EAGAIN' || code === 'EACCES';
  const said = notThere ? 'the tenant does not run' : 'the tenant ended its connection before it had answered';
  return new AppError('TENANT_UNAVAILABLE', said, { cause });
}
