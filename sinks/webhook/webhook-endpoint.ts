import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { AppError } from '../../config/app-error.ts';
import type { Clock } from '../../pipeline/ports.ts';
import { retryAfterMs } from './retry-schedule.ts';
import { type Message, signMessage } from './sign-message.ts';

export interface WebhookEndpointOptions {
  /** `http:` or `https:`; a user name and password in it are sent as basic authentication. */
  url: string;
  secrets: readonly string[];
  /** Certificates (PEM) that are trusted instead of the usual authorities. */
  ca?: string | undefined;
  /** Of facegate, for the receiver's log. */
  version: string;
  clock: Clock;
  /** Default 15 s. */
  timeoutMs?: number;
}

export interface WebhookAnswer {
  readonly status: number;
  /** What `Retry-After` asks for, an hour at most; null without one. */
  readonly retryAfterMs: number | null;
}

const TIMEOUT_MS = 15_000;
/** What is read of an answer, so that its connection can be used again; of a longer one, the connection is cut. */
const MOST_ANSWER_BYTES = 16_384;
const MOST_ANSWER_MS = 1000;
/** An idle connection is let go before most receivers let it go: Node's own does after five seconds. */
const IDLE_MS = 4000;
/** A connection that had been let go shows it at the first packet. */
const LOST_WITHIN_MS = 250;

/** One address that messages are posted to. Connections are used again; redirects are not followed. */
export class WebhookEndpoint {
  readonly #url: URL;
  readonly #options: WebhookEndpointOptions;
  readonly #agent: HttpAgent;

  constructor(options: WebhookEndpointOptions) {
    this.#url = new URL(options.url);
    this.#options = options;
    const keep = { keepAlive: true, timeout: IDLE_MS };
    this.#agent = this.#url.protocol === 'https:' ? new HttpsAgent(keep) : new HttpAgent(keep);
  }

  /** Scheme, host and port. A path may be as secret as a password. */
  get origin(): string {
    return this.#url.origin;
  }

  /**
   * Posts a message once. The status line is the answer: what comes after it is thrown away.
   *
   * @throws {AppError} SINK_FAILED when no answer came in time, or at all.
   */
  async post(message: Message, signal: AbortSignal): Promise<WebhookAnswer> {
    const { clock, secrets, version, timeoutMs = TIMEOUT_MS } = this.#options;
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(message.body)),
      'user-agent': `facegate/${version}`,
      ...signMessage(message, secrets, clock.wallMs()),
    };
    const timeout = AbortSignal.timeout(timeoutMs);
    const sending = { body: message.body, headers, signal: AbortSignal.any([signal, timeout]) };
    const begunMs = clock.monotonicMs();
    try {
      const answer = await this.#send({ ...sending, agent: this.#agent }).catch((error) => {
        // The receiver let an idle connection go while we wrote to it: the very same message again, on a new one. Not when
        // time has gone by: what the message says of itself may no longer hold.
        const isPrompt = clock.monotonicMs() - begunMs < LOST_WITHIN_MS;
        if (error instanceof IdleConnectionLost && isPrompt) return this.#send({ ...sending, agent: false });
        throw error instanceof IdleConnectionLost ? error.cause : error;
      });
      await readAway(answer);
      return {
        status: answer.statusCode ?? 0,
        retryAfterMs: retryAfterMs(answer.headers['retry-after'], clock.wallMs()),
      };
    } catch (cause) {
      const why = timeout.aborted && !signal.aborted ? `gave no answer within ${timeoutMs / 1000} s` : whyOf(cause);
      throw new AppError('SINK_FAILED', `${this.origin} ${why}`, { cause });
    }
  }

  /** Ends its connections. Idempotent. */
  close(): void {
    this.#agent.destroy();
  }

  #send(o: { body: string; headers: Record<string, string>; signal: AbortSignal; agent: HttpAgent | false }) {
    const { body, ...options } = o;
    const { ca } = this.#options;
    const request = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(this.#url, { method: 'POST', ...options, ...(ca !== undefined && { ca }) });
      sent.on('response', resolve);
      sent.on('error', (error: NodeJS.ErrnoException) => {
        const lost = sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(lost && !options.signal.aborted ? new IdleConnectionLost('lost', { cause: error }) : error);
      });
      sent.end(body);
    });
  }
}

class IdleConnectionLost extends Error {}

/**
 * Frees the connection for the next message where the answer is short; where it is not, hangs up. Resolves when either is
 * done: how it ends is nobody's business any more.
 */
function readAway(answer: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    const timer = setTimeout(() => answer.destroy(), MOST_ANSWER_MS);
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MOST_ANSWER_BYTES) answer.destroy();
    });
    answer.on('error', () => undefined);
    answer.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** What went wrong, without the address. */
function whyOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && WORDS[code]) return `${WORDS[code]} (${code})`;
  return `could not be posted to (${code ?? message})`;
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'ended the connection without an answer',
  ENOTFOUND: 'is not a name that can be looked up',
  EAI_AGAIN: 'could not be looked up: the name server does not answer',
  EHOSTUNREACH: 'cannot be reached from here',
  ENETUNREACH: 'cannot be reached from here',
  CERT_HAS_EXPIRED: 'has a certificate that has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a certificate that nobody vouches for; "ca" names those to trust',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a certificate that nobody vouches for; "ca" names those to trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has a certificate that nobody vouches for; "ca" names those to trust',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name',
};
