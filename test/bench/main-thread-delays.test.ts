import { expect, it } from 'vitest';
import { delaysIn } from '../../bench/tenants/main-thread-delays.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { createMetrics } from '../../server/metrics.ts';
import { createGatewayMetrics } from '../../tenants/gateway/gateway-metrics.ts';
import type { SupervisedTenant } from '../../tenants/tenant-contract.ts';

it('reads from the gateway how late its own main thread is, and that of each tenant', async () => {
  const tenants = ['access', 'batch'].map((id) => {
    const metrics = createMetrics({ version: '1.0.0', tenant: id });
    const view = () => ({ id, state: 'ready', restarts: 0, memoryBytes: null });
    return { id, view, metrics: () => metrics.json(), close: () => metrics.close() };
  });
  const gateway = createGatewayMetrics({
    version: '1.0.0',
    tenants: () => tenants as unknown as SupervisedTenant[],
    open: () => ({ requests: 0, streams: 0, connections: 0 }),
    silent: () => 0,
    log: silentLog,
  });
  const delays = delaysIn(await gateway.text());
  for (const { close } of tenants) close();
  expect([...delays.tenants.keys()].sort()).toEqual(['access', 'batch']);
  for (const delayMs of [delays.gateway, ...delays.tenants.values()]) expect(delayMs).toBeGreaterThanOrEqual(0);
});

it('takes the 99th percentile, in milliseconds, without the time that a look waits anyway', () => {
  const { gateway, tenants } = delaysIn(
    [
      'nodejs_eventloop_lag_p99_seconds 0.0125',
      'nodejs_eventloop_lag_p99_seconds{tenant="access"} 0.5',
      'facegate_event_loop_delay_seconds{quantile="0.5",tenant="access"} 0.001',
      'facegate_event_loop_delay_seconds{quantile="0.99",tenant="access"} 0.003',
      'facegate_event_loop_delay_seconds{tenant="batch",quantile="0.99"} 0.004',
      'facegate_event_loop_delay_seconds{quantile="1",tenant="access"} 0.9',
    ].join('\n'),
  );
  expect(gateway).toBeCloseTo(7.5);
  expect([...tenants]).toEqual([
    ['access', 3],
    ['batch', 4],
  ]);
  expect(() => delaysIn('nodejs_eventloop_lag_p99_seconds{tenant="access"} 0.5')).toThrow('the gateway does not say');
});
