import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { collectGarbage } from '../../support/collect-garbage.ts';
import { eventually } from '../../support/eventually.ts';
import { openTestGateway, type TestGateway } from '../../support/open-test-gateway.ts';
import { stableCount } from '../../support/stable-count.ts';

let gateway: TestGateway;
afterEach(() => gateway.close());

const MIB = 1024 * 1024;
const BODY = 150 * MIB;

function ask(path: string, o: { method?: string; headers?: Record<string, string> } = {}): ClientRequest {
  const asked = request({ host: '127.0.0.1', port: gateway.port, path, agent: false, ...o });
  asked.on('error', () => {});
  return asked;
}
const answerOf = async (asked: ClientRequest): Promise<IncomingMessage> => {
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.on('error', () => {});
  return answer;
};
async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** The most that this process took while `work` ran, beyond what it had. Gateway, tenant and client are all in it. */
async function growthOf(work: () => Promise<void>): Promise<number> {
  collectGarbage();
  const before = process.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 5);
  await work();
  clearInterval(watch);
  return most - before;
}

/** Writes `bytes` as fast as the other side takes them. @returns how many were written when the other side had enough. */
async function pour(
  to: ClientRequest | ServerResponse | Socket,
  bytes: number,
  keepsTaking = () => true,
): Promise<number> {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  let written = 0;
  while (written < bytes && keepsTaking()) {
    written += chunk.length;
    if (!to.write(chunk)) {
      const gaveUp = new AbortController();
      const drained = await Promise.race([
        once(to, 'drain', { signal: gaveUp.signal }).then(() => true),
        once(to, 'close', { signal: gaveUp.signal }).then(() => false),
      ])
        .catch(() => false)
        .finally(() => gaveUp.abort());
      if (!drained) return written;
    }
  }
  return written;
}

describe('a body', () => {
  it.each([
    ['with its length', { 'content-length': String(BODY) }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('of 150 MiB arrives whole, %s, and is nowhere collected', async (_how, headers) => {
    gateway = await openTestGateway();
    const { requests } = await gateway.tenant('one');
    const growth = await growthOf(async () => {
      const asked = ask('/one/upload', { method: 'POST', headers });
      await pour(asked, BODY);
      asked.end();
      const told = JSON.parse(await textOf(await answerOf(asked)));
      expect(told.bytes).toBe(BODY);
      expect(told.headers).toMatchObject(headers);
    });
    expect(requests).toHaveLength(1);
    expect(growth).toBeLessThan(BODY - 30 * MIB);
  });

  it('waits when the tenant reads slowly', async () => {
    gateway = await openTestGateway();
    await gateway.tenant('one', () => {}); // never reads
    const asked = ask('/one/upload', { method: 'POST' });
    let written = 0;
    const pouring = pour(asked, BODY).then((count) => {
      written = count;
    });
    const before = await stableCount(() => asked.socket?.bytesWritten ?? 0);
    expect(before).toBeLessThan(16 * MIB);
    asked.destroy();
    await pouring;
    expect(written).toBeLessThan(16 * MIB);
  });

  it('is asked for by 100-continue only once somebody will take it', async () => {
    gateway = await openTestGateway();
    await gateway.tenant('one');
    const asked = ask('/one/upload', { method: 'POST', headers: { expect: '100-continue', 'content-length': '5' } });
    asked.flushHeaders();
    await once(asked, 'continue');
    asked.end('12345');
    expect(JSON.parse(await textOf(await answerOf(asked))).bytes).toBe(5);

    gateway.directory.set('one', { socketPath: '/nowhere', view: { state: 'waiting' } });
    const refused = ask('/one/upload', { method: 'POST', headers: { expect: '100-continue', 'content-length': '5' } });
    let invited = false;
    refused.on('continue', () => {
      invited = true;
    });
    refused.flushHeaders();
    expect((await answerOf(refused)).statusCode).toBe(503);
    expect(invited).toBe(false);
  });

  it('that the tenant does not want is answered before it is through, and the client gets to read why', async () => {
    gateway = await openTestGateway();
    await gateway.tenant('one', (_request, response) => {
      response.writeHead(413, { 'content-type': 'application/json' }).end('{"code":"IMAGE_TOO_LARGE"}');
    });
    // Node's own client stops sending when it has an answer; others do not.
    const socket = connect(gateway.port, '127.0.0.1');
    let said = '';
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const head = `POST /one/detect HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${30 * MIB}\r\n\r\n`;
    socket.write(head);
    await eventually('the answer', () => said.endsWith('\r\n0\r\n\r\n'));
    expect(said).toMatch(/^HTTP\/1\.1 413 /);
    expect(said).toContain('{"code":"IMAGE_TOO_LARGE"}');
    expect(await pour(socket, 30 * MIB)).toBe(30 * MIB);
    socket.write('GET /one/again HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await eventually('the next answer', () => said.match(/HTTP\/1\.1 413/g)?.length === 2);
    socket.destroy();
  });
});

/** Asks until the number stays what it is. */

describe('an answer', () => {
  it('of 150 MiB arrives whole, and is nowhere collected', async () => {
    gateway = await openTestGateway();
    await gateway.tenant('one', (_request, response) => void pour(response, BODY).then(() => response.end()));
    let bytes = 0;
    const growth = await growthOf(async () => {
      const asked = ask('/one/archive');
      asked.end();
      for await (const chunk of await answerOf(asked)) bytes += (chunk as Buffer).length;
    });
    expect(bytes).toBe(BODY);
    expect(growth).toBeLessThan(BODY - 30 * MIB);
  });

  it('without an end is held up by a client that does not read, and goes on with it', async () => {
    gateway = await openTestGateway();
    let connection: Socket | null = null;
    const sent = () => connection?.bytesWritten ?? 0;
    await gateway.tenant('one', (_request, response) => {
      response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=x' });
      connection = response.socket;
      void pour(response, 1000 * MIB, () => !response.destroyed);
    });
    const asked = ask('/one/mjpeg');
    asked.end();
    const answer = await answerOf(asked);
    answer.pause();
    const held = await stableCount(sent);
    expect(held).toBeLessThan(16 * MIB);
    answer.resume();
    await eventually('more of it', () => sent() > held + 20 * MIB);
    answer.destroy();
  });

  it('of events comes event by event, headers first', async () => {
    gateway = await openTestGateway();
    let response: ServerResponse | undefined;
    await gateway.tenant('one', (_request, reply) => {
      response = reply;
      reply.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    });
    const asked = ask('/one/events/stream');
    asked.end();
    const answer = await answerOf(asked);
    expect(answer.headers['content-type']).toBe('text/event-stream');
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      const coming = once(answer, 'data');
      response?.write(event);
      expect(String((await coming)[0])).toBe(event);
    }
    answer.destroy();
  });

  it('to HEAD has the headers alone', async () => {
    gateway = await openTestGateway();
    await gateway.tenant('one', (_request, response) => response.writeHead(200, { 'content-length': '1234' }).end());
    const asked = ask('/one/x', { method: 'HEAD' });
    asked.end();
    const answer = await answerOf(asked);
    expect([answer.statusCode, answer.headers['content-length'], await textOf(answer)]).toEqual([200, '1234', '']);
  });
});

describe('whoever goes takes the other along', () => {
  it('a client that goes while the tenant works', async () => {
    gateway = await openTestGateway();
    const tenant = await gateway.tenant('one', () => {});
    const asked = ask('/one/slow');
    asked.end();
    await eventually('the request', () => tenant.requests.length === 1);
    asked.destroy();
    await eventually('the end of the connection', () => tenant.connections.size === 0);
  });

  it('a client that goes in the middle of its body', async () => {
    gateway = await openTestGateway();
    let aborted = false;
    const tenant = await gateway.tenant('one', (incoming) => {
      incoming.resume().on('error', () => {
        aborted = true;
      });
    });
    const asked = ask('/one/upload', { method: 'POST', headers: { 'content-length': '1000' } });
    asked.write('x'.repeat(10));
    await eventually('the request', () => tenant.requests.length === 1);
    asked.destroy();
    await eventually('the end of the connection', () => aborted && tenant.connections.size === 0);
  });

  it('a client that goes in the middle of an answer', async () => {
    gateway = await openTestGateway();
    const tenant = await gateway.tenant('one', (_request, response) => {
      response.write('the beginning');
    });
    const asked = ask('/one/x');
    asked.end();
    const answer = await answerOf(asked);
    await once(answer, 'data');
    answer.destroy();
    await eventually('the end of the connection', () => tenant.connections.size === 0);
  });

  it.each([
    ['with its length', { 'content-length': '1000' }],
    ['in chunks', {}],
  ])('a tenant that dies in the middle of an answer: it does not look whole, %s', async (_how, headers) => {
    gateway = await openTestGateway();
    await gateway.tenant('one', (_request, response) => {
      response.writeHead(200, headers).write('half');
      setTimeout(() => response.socket?.destroy(), 50);
    });
    const asked = ask('/one/x');
    asked.end();
    const answer = await answerOf(asked);
    await expect(textOf(answer)).rejects.toThrow(/aborted/);
    expect(answer.complete).toBe(false);
  });

  it('a tenant that dies before it answers: 503', async () => {
    gateway = await openTestGateway();
    await gateway.tenant('one', (incoming) => incoming.socket.destroy());
    const asked = ask('/one/x');
    asked.end();
    const answer = await answerOf(asked);
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(JSON.parse(await textOf(answer)).code).toBe('TENANT_UNAVAILABLE');
  });
});

describe('somebody who does nothing', () => {
  it('is waited for so long: a tenant that takes the request and stays mute is 504', async () => {
    gateway = await openTestGateway({ bounds: { idleMs: 200 } });
    const tenant = await gateway.tenant('one', () => {});
    for (const method of ['GET', 'POST']) {
      const asked = ask('/one/x', { method });
      asked.end();
      const answer = await answerOf(asked);
      expect([answer.statusCode, JSON.parse(await textOf(answer)).code]).toEqual([504, 'TENANT_TIMEOUT']);
    }
    await eventually('the end of the connections', () => tenant.connections.size === 0);
  });

  it('a tenant that does not read what it is sent is 504 as well', async () => {
    gateway = await openTestGateway({ bounds: { idleMs: 300 } });
    await gateway.tenant('one', () => {});
    const asked = ask('/one/x', { method: 'POST' });
    const pouring = pour(asked, BODY);
    expect((await answerOf(asked)).statusCode).toBe(504);
    asked.destroy();
    await pouring;
  });

  it('a client that does not go on with its body is 400, and hung up on', async () => {
    gateway = await openTestGateway({ bounds: { idleMs: 200 } });
    const tenant = await gateway.tenant('one');
    const asked = ask('/one/x', { method: 'POST', headers: { 'content-length': '1000' } });
    asked.write('x');
    expect((await answerOf(asked)).statusCode).toBe(400);
    await eventually('the end of the connection', () => tenant.connections.size === 0);
  });

  it('but a slow upload and a slow answer live, however long they take', async () => {
    gateway = await openTestGateway({ bounds: { idleMs: 250 } });
    await gateway.tenant('one', (incoming, response) => {
      incoming.resume().on('end', () => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
        // Silent for longer than idleMs.
        setTimeout(() => response.end('data: late\n\n'), 900);
      });
    });
    const asked = ask('/one/x', { method: 'POST', headers: { 'content-length': '10' } });
    const answer = answerOf(asked);
    // For longer than idleMs, and never silent for so long.
    for (let i = 0; i < 10; i++) {
      asked.write('x');
      await wait(80);
    }
    asked.end();
    expect(await textOf(await answer)).toBe('data: late\n\n');
  });
});
