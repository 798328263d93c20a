import { AppError } from '../../config/app-error.ts';
import type { LoadedTenant } from '../../config/load-tenants.ts';
import { deviceName } from '../../config/tenant-settings.ts';
import { runTool } from '../../models/devices/run-tool.ts';
import { devicesOf, ofTenant } from '../commands/choose-tenant.ts';
import type { CommandSettings } from '../commands/settings-options.ts';
import { checkPort } from './check-port.ts';
import { type ExamineOptions, examineGateway, examineTenant } from './examine.ts';
import type { Finding } from './finding.ts';
import { lookAtPort } from './look-at-port.ts';

/** The gateway first, then each tenant, whose findings begin with its id. Throws nothing. */
export async function examineTenants(
  read: CommandSettings,
  tenants: readonly LoadedTenant[],
  env: ExamineOptions['env'],
): Promise<Finding[]> {
  const findings = await examineGateway({ ...read, env });
  // One after the other: each tries networks, and would make the next one's trial late.
  for (const tenant of tenants) {
    const found = await examineOne(read, tenant, env);
    const { id } = tenant.entry;
    // What was not looked at for the same reason is said once, and is of the machine.
    const said = new Set(findings.map(keyOf));
    const fresh = found.filter((finding) => finding.state !== 'not checked' || !said.has(keyOf(finding)));
    findings.push(
      ...fresh.map((finding) => (isOfMachine(finding) ? finding : { ...finding, check: `${id}: ${finding.check}` })),
    );
  }
  return findings;
}

const keyOf = ({ check, found }: Finding) => `${check}\n${found}`;

/** A provider that nobody asked for is absent for all of them alike. */
function isOfMachine({ check, state }: Finding): boolean {
  return state === 'not checked' && (check.startsWith('provider ') || check === 'device memory');
}

async function examineOne(read: CommandSettings, tenant: LoadedTenant, env: ExamineOptions['env']): Promise<Finding[]> {
  const { entry, settings, file } = tenant;
  const port = await portOf(read, tenant);
  const device = await deviceOf(tenant);
  if (settings instanceof AppError) {
    const todo = 'correct the file; the others start without this one';
    return [{ check: 'settings', state: 'wrong', found: settings.message, todo }, ...device.findings, ...port];
  }
  const where = file ?? `${read.file}, tenants[${read.settings.tenants.indexOf(entry)}].settings`;
  return [
    { check: 'settings', state: 'ok', found: where },
    ...tenant.warnings.map(warningOf),
    ...device.findings,
    ...port,
    ...(await examineTenant({ ...ofTenant(read, tenant), env: { ...env, ...device.visible } })),
  ];
}

export function warningOf(found: string): Finding {
  return { check: 'settings', state: 'warning', found, todo: 'docs/configuration.md' };
}

async function deviceOf({ entry: { device } }: LoadedTenant) {
  if (device === undefined) return { findings: [], visible: {} };
  try {
    const visible = await devicesOf(device);
    const finding: Finding = { check: 'device', state: 'ok', found: deviceName(device) };
    return { findings: [finding], visible };
  } catch (error) {
    const todo = 'facegate gpu list, and tenants[].device';
    const finding: Finding = { check: 'device', state: 'wrong', found: AppError.from(error).message, todo };
    // What can be tried without it is: the CPU.
    return { findings: [finding], visible: { CUDA_VISIBLE_DEVICES: '' } };
  }
}

async function portOf(read: CommandSettings, { entry: { port } }: LoadedTenant): Promise<Finding[]> {
  if (port === undefined) return [];
  const { host } = read.settings.server;
  return [checkPort(host, port, await lookAtPort(host, port, runTool))];
}
