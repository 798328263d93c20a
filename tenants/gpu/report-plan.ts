import { RUNTIME_MB } from './needed-memory.ts';
import type { DevicePlan, TenantPlan } from './plan-devices.ts';
import { advice, inGib, table, wrap } from './report-inventory.ts';
import type { DeviceWanted } from './resolve-device.ts';

/** A plan for people, in lines of at most 100 columns: a table, what each tenant needs, and what to type. */
export function reportPlan(plan: DevicePlan): string[] {
  const { tenants, commands } = plan;
  const rows = tenants.map((tenant) => [
    tenant.id.length > 24 ? `${tenant.id.slice(0, 23)}…` : tenant.id,
    wanted(tenant.device),
    place(tenant),
    inGib(tenant.memoryMb).replace('not told', '-'),
    tenant.needed === null ? '-' : inGib(tenant.needed.leastMb),
    verdict(tenant),
    batching(tenant),
  ]);
  return [
    ...table([['tenant', 'device', 'gets', 'memory', 'needs', 'fits', 'batches'], ...rows]),
    '',
    ...tenants.flatMap(details),
    ...(commands.length > 0
      ? [
          'To make what is missing, type (facegate changes nothing on a GPU):',
          ...commands.map((command) => `  ${command}`),
          '  nvidia-smi -L',
          ...wrap('and give each tenant its slice by UUID: numbers may change when others are made or destroyed.', ''),
        ]
      : []),
    ...(commands.length > 0 && plan.isPossible ? [] : [conclusion(plan)]),
    ...(plan.trouble ? advice(plan.trouble.why, plan.trouble.todo) : []),
  ];
}

function conclusion({ tenants, isPossible }: DevicePlan): string {
  if (!isPossible) return 'This cannot be done as it is; the lines with ! say why.';
  return tenants.some(({ gets, device }) => gets === null && device === undefined)
    ? 'Nothing has to be made. A tenant without a device sees every GPU: give each its own.'
    : 'Nothing has to be made.';
}

function details({ id, needed, memoryMb, batch, beside, problems }: TenantPlan): string[] {
  const lines: string[] = [];
  if (needed) {
    const models = needed.models.map(
      ({ role, model, memoryMb: mb }) => `${role} ${model} ${mb === null ? '(not known)' : mb}`,
    );
    const times = needed.processes > 1 ? `, ${needed.processes} processes` : '';
    lines.push(...wrap(`about ${needed.leastMb} MiB: ${models.join(', ')}, CUDA ${RUNTIME_MB}${times}`, '  ', '    '));
    if (memoryMb !== null && batch !== null && batch > 0 && batch < needed.batch) {
      lines.push(
        ...wrap(
          `batches of ${needed.batch} frames may need ${inGib(needed.withBatchMb(needed.batch))}: set models.batch.most: ${batch}`,
          '  ',
          '    ',
        ),
      );
    }
  }
  if (beside.length > 0) lines.push(...wrap(`beside ${beside.join(', ')}`, '  ', '    '));
  for (const problem of problems) {
    for (const [i, line] of problem.split('\n').entries())
      lines.push(...wrap(line.trim(), i === 0 ? '  ! ' : '    ', '    '));
  }
  return lines.length === 0 ? [] : [id, ...lines, ''];
}

function wanted(device: DeviceWanted | undefined): string {
  if (device === undefined) return 'any';
  if (device === 'cpu') return 'cpu';
  if ('gpu' in device) return `gpu ${device.gpu}`;
  const { mig } = device;
  if (mig.startsWith('MIG-')) return mig.length > 17 ? `${mig.slice(0, 12)}…${mig.slice(-4)}` : mig;
  return 'index' in device && device.index !== undefined ? `${mig} #${device.index}` : mig;
}

function place({ gets, device }: TenantPlan): string {
  if (device === 'cpu') return 'the CPU';
  if (gets === null) return device === undefined ? 'all that is shown' : 'nothing';
  if ('start' in gets) return `to be made on GPU ${gets.gpu}`;
  return gets.slice === null ? `GPU ${gets.gpu?.index}` : `GPU ${gets.gpu?.index} slice ${gets.slice.index}`;
}

function verdict({ fits, needed }: TenantPlan): string {
  if (needed?.models.some(({ memoryMb }) => memoryMb === null)) return fits === false ? 'no' : 'not known';
  return fits === null ? '-' : fits ? 'yes' : 'no';
}

function batching({ batch, needed }: TenantPlan): string {
  if (batch === null || needed === null) return '-';
  if (needed.batch === 1) return 'off';
  if (batch >= needed.batch) return `yes, ${needed.batch}`;
  return batch < 2 ? 'no' : `no, ${batch} at most`;
}
