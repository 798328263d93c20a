import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AppError } from '../../config/app-error.ts';
import type { Clock, Logger } from '../../pipeline/ports.ts';
import type { TellOrigin } from '../../server/callers/caller-origin.ts';
import type { SupervisedTenant, TenantDirectory, TenantView } from '../tenant-contract.ts';
import { forwardRequest } from './forward-request.ts';
import { forwardUpgrade } from './forward-upgrade.ts';
import { nothingThere } from './gateway-app.ts';
import type { GatewayMetrics, OpenCounts, RefusedReason } from './gateway-metrics.ts';
import type { OpenConnections } from './open-connections.ts';
import { requestHeaders } from './passed-headers.ts';
import { refuse, responseOn } from './refuse.ts';
import { onlyTarget, type Target, targetOf } from './target-of.ts';
import { type Place, Refusal, TenantPlaces } from './tenant-places.ts';

/** Seconds; where nobody knows when a tenant will be there. */
const RETRY_AFTER_S = 5;
/** Seconds; of one that only somebody's hand brings back. */
const RETRY_STOPPED_S = 60;

export interface TrafficParts {
  readonly directory: TenantDirectory;
  readonly connections: OpenConnections;
  readonly metrics: () => GatewayMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly originOf: TellOrigin;
  readonly idleMs: number;
  readonly mostStreams: number | undefined;
  readonly closing: () => boolean;
}

/** Where requests come in: `only` is the tenant whose own port it is; else the path says which, and `own` answers what is the gateway's. */
export type Entrance = { readonly only: string } | { readonly own: RequestListener };

/** What comes in, and to whom it goes. */
export class Traffic {
  readonly #o: TrafficParts;
  readonly #places = new Map<string, TenantPlaces>();

  constructor(o: TrafficParts) {
    this.#o = o;
  }

  /** How much of that tenant is open; `` is the gateway itself. */
  open(tenant: string): OpenCounts {
    const { requests = 0, streams = 0 } = this.#places.get(tenant) ?? {};
    return { requests, streams, connections: this.#o.connections.count(tenant) };
  }

  /** Forgets what was counted for tenants that are no more. */
  forgetOthers(): void {
    for (const id of this.#places.keys()) {
      if (!this.#o.directory.get(id)) this.#places.delete(id);
    }
  }

  /** @param o.waits the client sends its body when it was told to. */
  onRequest(request: IncomingMessage, response: ServerResponse, entrance: Entrance, o: { waits: boolean }): void {
    const { connections } = this.#o;
    const target = this.#targetOf(request, entrance);
    if (target.to === 'gateway' && 'own' in entrance) {
      if (!connections.asks(request.socket, '')) {
        this.#refuse(request, response, { tenant: '', refused: 'connections', error: tooManyConnections() });
        return;
      }
      if (o.waits) response.writeContinue();
      entrance.own(request, response);
      return;
    }
    if (target.to === 'redirect') {
      connections.asks(request.socket, target.id);
      response.writeHead(307, { location: target.location, 'cache-control': 'no-store', 'content-length': 0 }).end();
      return;
    }
    const admitted = this.#admit(request, target, 'request');
    if ('refused' in admitted) {
      this.#refuse(request, response, admitted);
      return;
    }
    const { tenant, path, headers, place } = admitted;
    const { metrics, clock, idleMs } = this.#o;
    const startedMs = clock.monotonicMs();
    let stream = false;
    response.once('close', () => {
      place.release();
      const status = response.headersSent ? response.statusCode : null;
      const seconds = stream ? null : (clock.monotonicMs() - startedMs) / 1000;
      metrics().request({ tenant: tenant.id, status, seconds });
    });
    if (o.waits) response.writeContinue();
    forwardRequest(request, response, {
      socketPath: tenant.socketPath,
      path,
      headers,
      idleMs,
      onAnswer: (answer) => {
        if (!isStream(answer)) return null;
        const full = place.becomeStream();
        if (full) {
          metrics().refused(tenant.id, full.reason);
          return full.error;
        }
        stream = true;
        return null;
      },
      onFailure: (error) => this.#failed(request, response, tenant, error),
    });
  }

  onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer, entrance: Entrance): void {
    // Node has let go of it; without a listener a reset would end the gateway.
    socket.on('error', () => socket.destroy());
    const target = this.#targetOf(request, entrance);
    const admitted = this.#admit(request, target, 'stream');
    if ('refused' in admitted) {
      this.#refuse(request, responseOn(request, socket), admitted);
      return;
    }
    const { tenant, path, headers, place } = admitted;
    const { metrics, idleMs } = this.#o;
    const count = (status: number | null): void => metrics().request({ tenant: tenant.id, status, seconds: null });
    let counted = false;
    socket.once('close', () => {
      place.release();
      if (!counted) count(null);
    });
    forwardUpgrade(request, socket, head, {
      socketPath: tenant.socketPath,
      path,
      headers,
      idleMs,
      onDeclined: (response) => {
        counted = true;
        response.once('close', () => count(response.statusCode));
      },
      onOpen: () => {
        counted = true;
        count(101);
      },
      onFailure: (error) => {
        counted = true;
        const response = responseOn(request, socket);
        response.once('close', () => count(response.statusCode));
        this.#failed(request, response, tenant, error);
      },
    });
  }

  #targetOf({ url = '' }: IncomingMessage, entrance: Entrance): Target {
    const { directory } = this.#o;
    if ('only' in entrance) return onlyTarget(url, entrance.only);
    return targetOf(url, (id) => directory.get(id) !== undefined);
  }

  #admit(request: IncomingMessage, target: Target, kind: 'request' | 'stream'): Admitted | Refused {
    const { directory, connections, originOf, closing } = this.#o;
    if (target.to === 'malformed') return { tenant: '', refused: 'malformed', error: malformed() };
    const tenant = target.to === 'tenant' ? directory.get(target.id) : undefined;
    if (target.to !== 'tenant' || !tenant) return { tenant: '', refused: 'unknown', error: nothingThere() };
    const { id } = tenant;
    if (closing())
      return { tenant: id, refused: 'closing', error: new AppError('SHUTTING_DOWN', 'facegate is stopping') };
    if (!connections.asks(request.socket, id)) {
      return { tenant: id, refused: 'connections', error: tooManyConnections(), retryAfterSeconds: RETRY_AFTER_S };
    }
    let headers: string[];
    try {
      if (kind === 'stream') checkUpgrade(request);
      headers = requestHeaders(request, { origin: originOf(request), prefix: target.prefix });
    } catch (error) {
      return { tenant: id, refused: 'malformed', error: AppError.from(error) };
    }
    const view = tenant.view();
    if (view.state !== 'ready') return { tenant: id, refused: 'unavailable', ...notReady(view) };
    const place = this.#placesOf(tenant).take(kind);
    if (place instanceof Refusal) {
      const { reason, error, retryAfterSeconds } = place;
      return { tenant: id, refused: reason, error, retryAfterSeconds };
    }
    return { tenant, path: target.path, headers, place };
  }

  #placesOf(tenant: SupervisedTenant): TenantPlaces {
    let places = this.#places.get(tenant.id);
    if (!places) {
      const { directory, clock, mostStreams } = this.#o;
      // Its settings may be read again, and then it is another object.
      const limits = () => (directory.get(tenant.id) ?? tenant).limits;
      places = new TenantPlaces(limits, clock, mostStreams);
      this.#places.set(tenant.id, places);
    }
    return places;
  }

  #failed(request: IncomingMessage, response: ServerResponse, { id }: SupervisedTenant, error: AppError): void {
    const reason = FAILURES[error.code];
    if (reason) this.#o.metrics().refused(id, reason);
    this.#o.log.debug({ tenant: id, code: error.code, err: error.cause }, 'a request got no answer from its tenant');
    refuse(request, response, error, { close: error.code === 'REQUEST_INVALID' });
  }

  #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    { tenant, refused, error, retryAfterSeconds }: Refused,
  ): void {
    this.#o.metrics().refused(tenant, refused);
    this.#o.metrics().request({ tenant, status: error.status, seconds: null });
    const close = refused === 'malformed' || refused === 'connections' || refused === 'closing';
    refuse(request, response, error, { close, retryAfterSeconds });
  }
}

interface Admitted {
  readonly tenant: SupervisedTenant;
  readonly path: string;
  readonly headers: readonly string[];
  readonly place: Place;
}

interface Refused {
  readonly tenant: string;
  readonly refused: RefusedReason;
  readonly error: AppError;
  readonly retryAfterSeconds?: number;
}

const FAILURES: Readonly<Partial<Record<string, RefusedReason>>> = {
  TENANT_UNAVAILABLE: 'unavailable',
  TENANT_TIMEOUT: 'timeout',
};

/** Where bytes follow that are no frames, two programs could disagree on whose they are. */
function checkUpgrade({ method, headers, httpVersion }: IncomingMessage): void {
  const plain = headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
  const websocket = headers.upgrade?.trim().toLowerCase() === 'websocket';
  if (method === 'GET' && httpVersion === '1.1' && plain && websocket) return;
  throw new AppError('REQUEST_INVALID', 'only a GET without a body becomes a WebSocket, and nothing else');
}

const STATES: Readonly<Record<TenantView['state'], string>> = {
  starting: 'is starting',
  ready: 'is ready',
  draining: 'is stopping',
  waiting: 'ended and is started again soon',
  crash_loop: 'ends again and again',
  refused: 'does not start with its settings',
  stopped: 'is stopped',
};

function notReady({ state, retryAfterSeconds }: TenantView): { error: AppError; retryAfterSeconds: number } {
  const unknown = state === 'refused' || state === 'stopped' ? RETRY_STOPPED_S : RETRY_AFTER_S;
  return {
    error: new AppError('TENANT_UNAVAILABLE', `the tenant ${STATES[state]}`),
    retryAfterSeconds: retryAfterSeconds ?? unknown,
  };
}

/** Answers that have no end: events, and pictures one after the other. */
function isStream({ headers }: IncomingMessage): boolean {
  return /^(?:text\/event-stream|multipart\/x-mixed-replace)\b/i.test(headers['content-type'] ?? '');
}

const malformed = (): AppError => new AppError('REQUEST_INVALID', 'the address can be read in more than one way');
const tooManyConnections = (): AppError =>
  new AppError('TENANT_BUSY', 'as many connections are open as may be; close some, or try again');
