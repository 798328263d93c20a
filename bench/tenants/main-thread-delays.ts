/** How late main threads were since they were last asked: milliseconds, 99th percentile; what a timer waits anyway is not in it. */
export interface MainThreadDelays {
  readonly gateway: number;
  readonly tenants: ReadonlyMap<string, number>;
}

/** How often the gateway's series looks (tenants/gateway/gateway-metrics.ts); that is in what it says. */
const GATEWAY_LOOKS_EVERY_MS = 5;

/** Asking begins them anew. @throws {Error} where the gateway says nothing of its own */
export async function mainThreadDelays(address: string): Promise<MainThreadDelays> {
  return delaysIn(await (await fetch(`${address}/metrics`)).text());
}

/** @param metrics of a gateway and all of its tenants, in the Prometheus text format. */
export function delaysIn(metrics: string): MainThreadDelays {
  const own = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(metrics);
  if (!own) throw new Error('the gateway does not say how late its main thread is');
  const tenants = new Map<string, number>();
  for (const [, labels = '', seconds] of metrics.matchAll(/^facegate_event_loop_delay_seconds\{([^}]*)\} (\S+)$/gm)) {
    const tenant = /(?:^|,)tenant="([^"]+)"/.exec(labels)?.[1];
    if (tenant !== undefined && /(?:^|,)quantile="0\.99"/.test(labels)) tenants.set(tenant, 1000 * Number(seconds));
  }
  return { gateway: Math.max(0, 1000 * Number(own[1]) - GATEWAY_LOOKS_EVERY_MS), tenants };
}
