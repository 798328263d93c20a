import { AppError } from '../../config/app-error.ts';
import type { CatalogEntry } from '../catalog.ts';
import type { Role, RoleProof } from '../processes/role-report.ts';
import { Session } from '../runtime/session.ts';
import type { PlacedNetwork } from './networks.ts';

/** Loads the networks of one process, one after the other, and keeps what each was proved to run on. */
export class NetworkOpener {
  readonly proofs: RoleProof[] = [];

  /**
   * @param warmUp input shapes that will be used.
   * @throws {AppError} the MODEL codes of `Session.open`.
   */
  async open(role: Role, { model, providers, device }: PlacedNetwork, warmUp: number[][]): Promise<Session> {
    const session = await Session.open(model, { providers, device, warmUp });
    const { provider, nodes, degraded, passedOver } = session;
    const { name } = model.entry;
    this.proofs.push({ role, model: name, requested: providers, provider, nodes, degraded, passedOver });
    return session;
  }
}

/** @throws {AppError} MODEL_CONTRACT_MISMATCH where the entry is of a model for something else. */
export function expectTask<T extends CatalogEntry['task']>(
  entry: CatalogEntry,
  task: T,
): Extract<CatalogEntry, { task: T }> {
  if (entry.task === task) return entry as Extract<CatalogEntry, { task: T }>;
  throw new AppError(
    'MODEL_CONTRACT_MISMATCH',
    `${entry.name} was given as ${task}; the catalog says it is ${entry.task}`,
  );
}
