import { AppError } from '../../config/app-error.ts';
import { shortProviderName } from '../../config/execution-providers.ts';
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
    const session = await Session.open(model, { providers, device, warmUp }).catch((error: unknown) => {
      throw withWayOut(error, role, providers);
    });
    const { provider, nodes, degraded, passedOver } = session;
    const { name } = model.entry;
    this.proofs.push({ role, model: name, requested: providers, provider, nodes, degraded, passedOver });
    return session;
  }
}

/** Which network it is that a strict list keeps from starting, and how to allow the CPU to take its place. */
function withWayOut(error: unknown, role: Role, providers: PlacedNetwork['providers']): unknown {
  if (!(error instanceof AppError) || error.code !== 'MODEL_PROVIDER_UNAVAILABLE' || providers === 'auto') return error;
  const names = providers.flatMap((name) => shortProviderName(name) ?? []);
  if (names.length < providers.length || names.includes('cpu')) return error;
  const allow = `to let the CPU take its place, loudly, set providers: [${[...names, 'cpu'].join(', ')}]`;
  const { message, details } = error;
  return new AppError(error.code, `the ${role}: ${message}; ${allow}`, { cause: error, ...(details && { details }) });
}
