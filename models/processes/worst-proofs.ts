import type { RoleProof } from './role-report.ts';

/**
 * What can be said of several processes that hold the same networks: for each network the proof of the process that is
 * worst off, so that one good process does not hide another that fell back.
 */
export function worstProofs(processes: readonly (readonly RoleProof[])[]): RoleProof[] {
  const worst = new Map<string, RoleProof>();
  for (const proof of processes.flat()) {
    const key = `${proof.role} ${proof.model}`;
    const known = worst.get(key);
    if (!known || (proof.degraded && !known.degraded)) worst.set(key, proof);
  }
  return [...worst.values()];
}
