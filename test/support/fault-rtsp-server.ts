import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type AccessUnit, interleaved, rtpPackets, senderReport, splitAccessUnits } from './rtp-h264.ts';

/** What the camera does wrong, from the next request or picture on. */
export type Fault =
  | 'none'
  /** Accepts connections and says nothing. */
  | 'mute'
  /** Answers facegate's own question, and then leaves ffmpeg without a word. */
  | 'mute-to-ffmpeg'
  /** Plays nothing but RTCP sender reports, once a second. */
  | 'rtcp-only'
  | 'not-found'
  /** Sends every client to `redirectTo`. */
  | 'redirect'
  /** Answers a byte at a time, far apart. */
  | 'slow'
  /** Answers with what is no RTSP. */
  | 'garbage'
  /** Sends its first picture again and again, with timestamps that go on. */
  | 'frozen'
  /** Sends nothing meanwhile, and goes on afterwards where it was: all that it sends from then on is as late. */
  | 'hesitating'
  /** Overwrites bytes of the pictures. */
  | 'corrupt'
  /** Resets every connection after a second of pictures. */
  | 'sudden-close'
  /** Knows its stream only by the address that it has itself, not by that of somebody who passes a question on. */
  | 'own-name-only'
  /** Describes its stream to facegate, and to every other ffmpeg only. */
  | 'every-other'
  /** The port is as good as closed: connections are reset at once. */
  | 'refusing';

export interface FaultRtspServerOptions {
  /** H.264 as Annex B; played over and over. */
  video: Buffer;
  /** Default 25. */
  fps?: number;
  fault?: Fault;
  credentials?: { user: string; password: string; auth?: 'basic' | 'digest' | 'sha-256' };
  /** RTSPS with this certificate. */
  tls?: { cert: string; key: string };
  redirectTo?: string;
  port?: number;
}

export interface RtspRequest {
  readonly method: string;
  readonly url: string;
  /** Milliseconds since the server began. */
  readonly atMs: number;
  readonly authorized: boolean;
  /** It carried an Authorization header that was wrong. */
  readonly refused: boolean;
}

const PATH = '/cam';
const REALM = 'fault';

/** An RTSP camera on 127.0.0.1, H.264 over TCP, that goes wrong as it is told and remembers what it was asked. */
export class FaultRtspServer implements AsyncDisposable {
  fault: Fault;
  redirectTo: string;
  readonly requests: RtspRequest[] = [];
  connections = 0;
  /** Of each client that plays, when each picture was sent, by `performance.now()`. */
  readonly sentAtMs: number[][] = [];
  readonly #options: FaultRtspServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #units: AccessUnit[];
  readonly #nonce = randomBytes(8).toString('hex');
  readonly #startedAt = performance.now();
  #describedToFfmpeg = 0;

  private constructor(options: FaultRtspServerOptions) {
    this.#options = options;
    this.fault = options.fault ?? 'none';
    this.redirectTo = options.redirectTo ?? 'rtsp://127.0.0.2/cam';
    this.#units = splitAccessUnits(options.video);
    const serve = (socket: Socket) => this.#serve(socket);
    this.#server = options.tls ? createTlsServer(options.tls, serve) : createServer(serve);
    // A TLS handshake that fails is the client's business.
    this.#server.on('tlsClientError', () => {});
  }

  static async start(options: FaultRtspServerOptions): Promise<FaultRtspServer> {
    const server = new FaultRtspServer(options);
    server.#server.listen(options.port ?? 0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(credentials?: { user: string; password: string }, host = '127.0.0.1'): string {
    const who = credentials
      ? `${encodeURIComponent(credentials.user)}:${encodeURIComponent(credentials.password)}@`
      : '';
    return `${this.#options.tls ? 'rtsps' : 'rtsp'}://${who}${host}:${this.port}${PATH}`;
  }

  /** How often each method was asked for. */
  asked(method: string): number {
    return this.requests.filter((request) => request.method === method).length;
  }

  /** Resolves when every connection that is open now has ended, also where it was reset. */
  async left(): Promise<void> {
    await Promise.all([...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  }

  /** Breaks every connection off. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.hangUp();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
    if (this.fault === 'refusing') {
      socket.resetAndDestroy();
      return;
    }
    let received = Buffer.alloc(0);
    const hear = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (;;) {
        if (received[0] === 0x24 && received.length >= 4) {
          // RTCP of the client.
          const length = 4 + received.readUInt16BE(2);
          if (received.length < length) return;
          received = received.subarray(length);
          continue;
        }
        const end = received.indexOf('\r\n\r\n');
        if (end < 0) return;
        const text = received.subarray(0, end).toString('utf8');
        received = received.subarray(end + 4);
        this.#answer(socket, text);
      }
    };
    socket.on('data', hear);
    readToTheEnd(socket, hear);
  }

  #answer(socket: Socket, text: string): void {
    const [line = '', ...rest] = text.split('\r\n');
    const [method = '', url = ''] = line.split(' ');
    const header = (name: string) =>
      rest
        .find((one) => one.toLowerCase().startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim();
    const given = header('authorization');
    const authorized = this.#authorized(method, url, given);
    this.requests.push({
      method,
      url,
      atMs: performance.now() - this.#startedAt,
      authorized,
      refused: given !== undefined && !authorized,
    });
    const reply = (status: string, headers: string[] = [], body = '') => {
      const lines = [
        `RTSP/1.0 ${status}`,
        `CSeq: ${header('cseq') ?? ''}`,
        ...headers,
        ...(body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
      ];
      this.#send(socket, `${lines.join('\r\n')}\r\n\r\n${body}`);
    };
    switch (this.fault) {
      case 'mute':
        return;
      case 'mute-to-ffmpeg':
        if (header('user-agent') !== 'facegate') return;
        break;
      case 'garbage':
        socket.write(Buffer.alloc(5000, 7));
        return;
      case 'redirect':
        reply('302 Moved Temporarily', [`Location: ${this.redirectTo}`]);
        return;
      case 'not-found':
        reply('404 Not Found');
        return;
      case 'every-other':
        if (method !== 'DESCRIBE' || header('user-agent') === 'facegate') break;
        this.#describedToFfmpeg += 1;
        if (this.#describedToFfmpeg % 2 === 0) break;
        reply('404 Not Found');
        return;
      case 'own-name-only':
        if (URL.canParse(url) && new URL(url).port === String(this.port)) break;
        reply('404 Not Found');
        return;
    }
    if (method === 'OPTIONS') reply('200 OK', ['Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN']);
    else if (!authorized) reply('401 Unauthorized', [`WWW-Authenticate: ${this.#challenge()}`]);
    else if (!new URL(url).pathname.startsWith(PATH)) reply('404 Not Found');
    else this.#obey(socket, method, url, header('transport')?.split(',')[0] ?? '', reply);
  }

  #obey(
    socket: Socket,
    method: string,
    url: string,
    transport: string,
    reply: (status: string, headers?: string[], body?: string) => void,
  ): void {
    switch (method) {
      case 'DESCRIBE':
        reply('200 OK', ['Content-Type: application/sdp', `Content-Base: ${url}/`], this.#sdp());
        break;
      case 'SETUP':
        reply('200 OK', ['Session: 1;timeout=60', `Transport: ${transport}`]);
        break;
      case 'PLAY':
        reply('200 OK', ['Session: 1', 'Range: npt=0.000-']);
        this.#play(socket);
        break;
      case 'TEARDOWN':
        reply('200 OK', ['Session: 1']);
        socket.end();
        break;
      default:
        reply('501 Not Implemented');
    }
  }

  #send(socket: Socket, text: string): void {
    if (this.fault !== 'slow') {
      socket.write(text);
      return;
    }
    let at = 0;
    const timer = setInterval(() => {
      if (at >= text.length || socket.destroyed) clearInterval(timer);
      else socket.write(text[at++]!);
    }, 100);
    socket.once('close', () => clearInterval(timer));
  }

  #challenge(): string {
    switch (this.#options.credentials?.auth ?? 'digest') {
      case 'basic':
        return `Basic realm="${REALM}"`;
      case 'digest':
        return `Digest realm="${REALM}", nonce="${this.#nonce}"`;
      case 'sha-256':
        return `Digest realm="${REALM}", nonce="${this.#nonce}", algorithm=SHA-256, qop="auth"`;
    }
  }

  #authorized(method: string, url: string, given: string | undefined): boolean {
    const { credentials } = this.#options;
    if (!credentials) return true;
    if (given === undefined) return false;
    const { user, password } = credentials;
    if (given.startsWith('Basic ')) {
      return Buffer.from(given.slice(6), 'base64').toString() === `${user}:${password}`;
    }
    const field = (name: string) => new RegExp(`[ ,]${name}="?((?:[^",\\\\]|\\\\.)*)`).exec(given)?.[1];
    const hash = credentials.auth === 'sha-256' ? 'sha256' : 'md5';
    const h = (text: string) => createHash(hash).update(text).digest('hex');
    const secret = h(`${user}:${REALM}:${password}`);
    const what = h(`${method}:${field('uri')}`);
    const middle = field('qop') ? `${field('nonce')}:${field('nc')}:${field('cnonce')}:auth` : field('nonce');
    return (
      field('uri') === url && field('nonce') === this.#nonce && field('response') === h(`${secret}:${middle}:${what}`)
    );
  }

  #sdp(): string {
    const sets = this.#units[0]!.nals.filter((nal) => [7, 8].includes(nal[0]! & 31)).map((nal) =>
      nal.toString('base64'),
    );
    return [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=fault',
      'c=IN IP4 0.0.0.0',
      't=0 0',
      'm=video 0 RTP/AVP 96',
      'a=rtpmap:96 H264/90000',
      `a=fmtp:96 packetization-mode=1;sprop-parameter-sets=${sets.join(',')}`,
      'a=control:track1',
      '',
    ].join('\r\n');
  }

  #play(socket: Socket): void {
    const fps = this.#options.fps ?? 25;
    const startedAt = performance.now();
    const ssrc = 0x5eed;
    let unit = 0;
    let sequence = 1;
    let reported = 0;
    let lookedAt = startedAt;
    let hesitatedMs = 0;
    const sentAtMs: number[] = [];
    this.sentAtMs.push(sentAtMs);
    const send = () => {
      const now = performance.now();
      if (this.fault === 'hesitating') hesitatedMs += now - lookedAt;
      lookedAt = now;
      if (this.fault === 'hesitating') return;
      const elapsed = now - startedAt - hesitatedMs;
      // Of a socket that nobody reads the rest is dropped, as a camera does.
      if (socket.destroyed || socket.writableLength > 1_000_000) return;
      if (elapsed >= reported * 1000) {
        reported += 1;
        socket.write(interleaved(1, senderReport(ssrc, Math.round(elapsed * 90))));
      }
      while (unit / fps <= elapsed / 1000) {
        const { nals } = this.#units[this.fault === 'frozen' ? 0 : unit % this.#units.length]!;
        const timestamp = Math.round((unit / fps) * 90_000);
        unit += 1;
        if (this.fault === 'rtcp-only') continue;
        sentAtMs.push(now);
        for (const packet of rtpPackets(nals, { ssrc, timestamp, sequence })) {
          sequence += 1;
          if (this.fault === 'corrupt') for (let i = 40; i < packet.length; i += 37) packet[i] = 0xa5;
          socket.write(interleaved(0, packet));
        }
      }
      if (this.fault === 'sudden-close' && elapsed > 1000) socket.resetAndDestroy();
    };
    const pictures = setInterval(send, 1000 / fps);
    socket.once('close', () => clearInterval(pictures));
  }
}

/**
 * Hands on what a client said before it left, though a write to it fails meanwhile.
 * ffmpeg says TEARDOWN and closes at once, pictures unread: the connection is reset, the next write fails, and Node
 * destroys the socket with the TEARDOWN still in the kernel's queue. There it is read, past Node.
 */
function readToTheEnd(socket: Socket, hear: (chunk: Buffer) => void): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error) => {
    const { _handle: handle } = socket as unknown as { _handle: { fd?: number } | null };
    if (error && handle?.fd !== undefined && handle.fd >= 0) {
      const rest = Buffer.alloc(65_536);
      try {
        hear(rest.subarray(0, readSync(handle.fd, rest)));
      } catch {
        // Nothing was left.
      }
    }
    return destroy(error);
  };
}
