/**
 * The entry of a tenant's process. It lives exactly as long as the gateway wants it to: signals of the terminal or the
 * service manager are the gateway's to act on, which knows the order, and when the gateway is gone, it closes and goes.
 */
import '../config/runtime-telemetry.ts';
import '../server/small-young-generation.ts';

import { runTenant } from './run-tenant.ts';
import type { FromTenant, ToTenant } from './tenant-messages.ts';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const tenant = runTenant({
  // The gateway may go at any moment; 'disconnect' then ends us.
  send: (message: FromTenant, sent?: () => void) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => sent?.());
    else sent?.();
  },
  exit: (code) => process.exit(code),
});
process.on('message', (message: ToTenant) => tenant.receive(message));
process.on('disconnect', () => tenant.orphaned());
