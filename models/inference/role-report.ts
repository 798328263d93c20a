export type Role = 'detector' | 'embedder' | 'landmarks';

/** What one network runs on, as its warm-up proved. */
export interface RoleProof {
  readonly role: Role;
  /** Catalog name. */
  readonly model: string;
  readonly requested: 'auto' | readonly string[];
  /** The execution provider that ran the convolutions. */
  readonly provider: string;
  /** It is not the one that was asked for first. */
  readonly degraded: boolean;
}

export interface RoleReport extends RoleProof {
  /** Inference processes that hold this network now. */
  readonly processes: number;
}
