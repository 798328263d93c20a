import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import type { Logger } from '../../pipeline/ports.ts';
import { type SupervisedTenant, TENANT_STATES } from '../tenant-contract.ts';

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** How long a tenant may take to say its numbers. One that hangs must not take everybody's away. */
const TENANT_MS = 2000;
/** How often it is looked at how late the main thread is; as tenants do (server/metrics.ts). */
const LOOP_RESOLUTION_MS = 5;

/** Why a request was not handed on. */
export type RefusedReason =
  | 'rate'
  | 'busy'
  | 'streams'
  | 'connections'
  | 'unavailable'
  | 'timeout'
  | 'malformed'
  | 'unknown'
  | 'closing';

/** How much of a tenant is open now. */
export interface OpenCounts {
  readonly requests: number;
  readonly streams: number;
  readonly connections: number;
}

/** What the gateway counts. `tenant` is the id, and empty for what is the gateway's own. */
export interface GatewayMetrics {
  /**
   * @param o.status of the answer; null where the client went before there was one.
   * @param o.seconds that it took; null where that says nothing: of streams, and where nobody was asked.
   */
  request(o: { tenant: string; status: number | null; seconds: number | null }): void;
  refused(tenant: string, reason: RefusedReason): void;
  readonly contentType: string;
  /** Its own numbers and those of every tenant, each with the label `tenant`, in the Prometheus text format. */
  text(): Promise<string>;
}

/** One of prom-client's metrics as JSON. */
type Metric = MetricObjectWithValues<MetricValue<string>>;

export function createGatewayMetrics(o: {
  version: string;
  tenants: () => readonly SupervisedTenant[];
  open: (tenant: string) => OpenCounts;
  /** Connections that have asked for nothing yet. */
  silent: () => number;
  log: Logger;
}): GatewayMetrics {
  const registers = [new Registry()];
  const register = registers[0] as Registry;
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: LOOP_RESOLUTION_MS });
  new Gauge({
    name: 'facegate_gateway_info',
    help: 'Always 1; the version is a label.',
    labelNames: ['version'],
    registers,
  }).set({ version: o.version }, 1);
  const requests = new Counter({
    name: 'facegate_gateway_requests_total',
    help: 'Requests by tenant and class of the answer (2xx); gone: the client did not wait for one.',
    labelNames: ['tenant', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'facegate_gateway_request_seconds',
    help: 'From a request to the end of its answer; streams and WebSockets are left out.',
    labelNames: ['tenant'],
    buckets: BUCKETS,
    registers,
  });
  const refused = new Counter({
    name: 'facegate_gateway_refused_total',
    help: 'Requests that were not handed on to a tenant, or got no answer from it, by reason.',
    labelNames: ['tenant', 'reason'],
    registers,
  });
  new Gauge({
    name: 'facegate_gateway_open',
    help: 'Open by kind: requests being answered, streams (WebSockets too), connections; silent ones have asked for nothing yet.',
    labelNames: ['tenant', 'kind'],
    registers,
    collect() {
      this.reset();
      for (const tenant of ['', ...o.tenants().map(({ id }) => id)]) {
        for (const [kind, count] of Object.entries(o.open(tenant))) this.set({ tenant, kind }, count);
      }
      this.set({ tenant: '', kind: 'silent' }, o.silent());
    },
  });
  new Gauge({
    name: 'facegate_gateway_tenant_state',
    help: '1 for the state that the tenant is in, 0 for the others.',
    labelNames: ['tenant', 'state'],
    registers,
    collect() {
      this.reset();
      for (const tenant of o.tenants()) {
        const { state: now } = tenant.view();
        for (const state of TENANT_STATES) this.set({ tenant: tenant.id, state }, state === now ? 1 : 0);
      }
    },
  });
  new Counter({
    name: 'facegate_gateway_tenant_restarts_total',
    help: "Times that the tenant's process was started again.",
    labelNames: ['tenant'],
    registers,
    collect() {
      this.reset();
      for (const tenant of o.tenants()) this.inc({ tenant: tenant.id }, tenant.view().restarts);
    },
  });
  new Gauge({
    name: 'facegate_gateway_tenant_memory_bytes',
    help: "Main memory of all of the tenant's processes together.",
    labelNames: ['tenant'],
    registers,
    collect() {
      this.reset();
      for (const tenant of o.tenants()) {
        const { memoryBytes } = tenant.view();
        if (memoryBytes !== null) this.set({ tenant: tenant.id }, memoryBytes);
      }
    },
  });

  return {
    request({ tenant, status, seconds: took }) {
      requests.inc({ tenant, status: status === null ? 'gone' : `${Math.floor(status / 100)}xx` });
      if (took !== null) seconds.observe({ tenant }, took);
    },
    refused: (tenant, reason) => refused.inc({ tenant, reason }),
    contentType: register.contentType,
    async text() {
      const own = await register.getMetricsAsJSON();
      const theirs = await Promise.all(o.tenants().map((tenant) => metricsOf(tenant, o.log)));
      const all = [own, ...theirs].map((metrics) => metrics.map((metric) => ({ ...metric, aggregator: 'sum' })));
      return AggregatorRegistry.aggregate(all).metrics();
    },
  };
}

/** A tenant's numbers under its own label, whatever it says itself; none when it says nothing in time. */
async function metricsOf(tenant: SupervisedTenant, log: Logger): Promise<Metric[]> {
  let late: NodeJS.Timeout | undefined;
  try {
    const metrics = await Promise.race([
      tenant.metrics(),
      new Promise<unknown[]>((resolve) => {
        late = setTimeout(resolve, TENANT_MS, []).unref();
      }),
    ]);
    return metrics
      .filter(isMetric)
      .filter(({ name }) => !name.startsWith('facegate_gateway_'))
      .map((metric) => ({
        ...metric,
        values: metric.values.map((value) => ({ ...value, labels: { ...value.labels, tenant: tenant.id } })),
      }));
  } catch (error) {
    log.warn({ err: error, tenant: tenant.id }, 'the metrics of a tenant could not be read');
    return [];
  } finally {
    clearTimeout(late);
  }
}

function isMetric(value: unknown): value is Metric {
  const { name, values } = (value ?? {}) as Partial<Metric>;
  return typeof name === 'string' && Array.isArray(values);
}
