import type { RoleSettings } from '../../config/settings-schema.ts';

export type Role = 'detector' | 'landmarks' | 'embedder' | 'previous-embedder' | 'scorer';

/** A provider that was tried and did not do. */
export interface PassedOver {
  readonly provider: string;
  /** For people, with what to install. */
  readonly why: string;
}

/** What one network runs on, as its warm-up proved. */
export interface RoleProof {
  readonly role: Role;
  /** Catalog name. */
  readonly model: string;
  readonly requested: 'auto' | readonly string[];
  /** The execution provider that ran the convolutions. */
  readonly provider: string;
  /** Convolutions and matrix products by provider, counted in the profiled warm-up: `{ cuda: 57 }`. */
  readonly nodes: Readonly<Record<string, number>>;
  /** It is not the one that was asked for first. */
  readonly degraded: boolean;
  /** Those that were tried before it; with `auto` that is no loss to be told as one, but it is not hidden. */
  readonly passedOver: readonly PassedOver[];
}

export interface RoleReport extends RoleProof {
  /** `cpu`, `cuda:0`, `MIG-…`: where it was placed; the provider's own name where nobody named a device. */
  readonly device: string;
  readonly isolation: RoleSettings['isolation'];
  /** Inference processes (or threads) that hold this network now. */
  readonly processes: number;
  /** Processes with this network that took the place of another since the start. */
  readonly restarts: number;
  /** The heavier model that was asked for and ran out of memory again and again; null where none did. */
  readonly insteadOf: string | null;
}
