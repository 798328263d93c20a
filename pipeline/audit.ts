/** What is written down: who let somebody in, looked at them, took them out or away, and who changed the rules. */
export const AUDIT_ACTIONS = [
  'subject.created',
  'subject.changed',
  'subject.viewed',
  'subject.deleted',
  'template.added',
  'template.removed',
  'image.viewed',
  'snapshot.viewed',
  'snapshot.deleted',
  'gallery.exported',
  'gallery.imported',
  'gallery.backed_up',
  'gallery.restored',
  'gallery.key_rotated',
  'key.created',
  'key.revoked',
  'threshold.changed',
  'policy.changed',
  'door.locked_down',
  'door.released',
  'door.unlocked',
  'sink.enabled',
  'sink.resent',
  'sink.tested',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Facts beside the action. Never a secret, an embedding or a picture: an entry cannot be taken back. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | null>>;

export interface AuditEntry {
  readonly action: AuditAction;
  /** Who did it: `key NAME`, `this machine`, `command line (ada)`, `facegate`. */
  readonly by: string;
  /** The subject's id, where it was about one. Its name is not kept: it has to go when the subject goes. */
  readonly subject: string | null;
  readonly details: AuditDetails;
}

/** An entry as it was written down. */
export interface AuditRecord extends AuditEntry {
  /** From 1, without gaps. */
  readonly number: number;
  readonly atMs: number;
  /** Lower-case hex SHA-256 over the entry before and this one. */
  readonly hash: string;
}

/** Where deeds are written down, once they were done. */
export interface AuditTrail {
  /**
   * On disk when it returns.
   * @throws {AppError} AUDIT_UNAVAILABLE
   */
  record(entry: AuditEntry): void;
}
