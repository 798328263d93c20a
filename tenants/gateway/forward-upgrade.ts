import { request as askOver, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { AppError } from '../../config/app-error.ts';
import { type Asked, unavailable } from './forward-request.ts';
import { answerHeaders } from './passed-headers.ts';
import { responseOn } from './refuse.ts';
import { tunnel } from './tunnel.ts';

export interface UpgradeAsked extends Omit<Asked, 'onAnswer'> {
  /** The tenant said no, in an answer that was handed on. */
  readonly onDeclined: (response: ServerResponse) => void;
  /** From here on bytes go to and fro. */
  readonly onOpen: () => void;
}

/**
 * Asks the tenant for a WebSocket. When it says yes, both connections are joined as they are: frames, pings and close codes
 * pass untouched, and a message costs no parsing.
 *
 * @param socket the client's; Node has let go of it.
 * @param head what came after the request already.
 */
export function forwardUpgrade(request: IncomingMessage, socket: Socket, head: Buffer, o: UpgradeAsked): void {
  let over = false;
  const tenant = askOver({
    createConnection: () => connect(o.socketPath),
    method: 'GET',
    path: o.path,
    headers: [...o.headers, 'connection', 'Upgrade', 'upgrade', 'websocket'],
    setHost: false,
  });
  const letGo = (): void => {
    over = true;
    socket.off('end', gone).off('close', gone).off('timeout', mute).setTimeout(0);
  };
  const fail = (error: AppError): void => {
    if (over) return;
    letGo();
    tenant.destroy();
    o.onFailure(error);
  };
  const gone = (): void => {
    if (over) return;
    letGo();
    tenant.destroy();
    socket.destroy();
  };
  const mute = (): void => fail(new AppError('TENANT_TIMEOUT', 'the tenant took the request and did not answer'));
  socket.on('end', gone).on('close', gone).on('timeout', mute).setTimeout(o.idleMs);

  tenant.on('error', (cause) => fail(unavailable(cause)));
  tenant.on('response', (answer) => {
    if (over) return;
    letGo();
    const response = responseOn(request, socket);
    o.onDeclined(response);
    response.writeHead(answer.statusCode as number, answer.statusMessage, [
      ...answerHeaders(answer),
      'connection',
      'close',
    ]);
    pipeline(answer, response, () => tenant.destroy());
  });
  tenant.on('upgrade', (answer, tenantSocket: Socket, tenantHead) => {
    if (over) {
      tenantSocket.destroy();
      return;
    }
    letGo();
    const headers = [...answerHeaders(answer), 'Connection', 'Upgrade', 'Upgrade', 'websocket'];
    let lines = `HTTP/1.1 101 Switching Protocols\r\n`;
    for (let i = 0; i < headers.length; i += 2) lines += `${headers[i]}: ${headers[i + 1]}\r\n`;
    socket.write(`${lines}\r\n`, 'latin1');
    if (tenantHead.length > 0) socket.write(tenantHead);
    if (head.length > 0) tenantSocket.write(head);
    o.onOpen();
    tunnel(socket, tenantSocket);
  });
  tenant.end();
}
