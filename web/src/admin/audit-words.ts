import type { AuditEntryView } from '../api/api-types.ts';

const ACTIONS: Record<string, string> = {
  'subject.created': 'Person created',
  'subject.changed': 'Person changed',
  'subject.viewed': 'Person looked at',
  'subject.deleted': 'Person deleted',
  'template.added': 'Face enrolled',
  'template.removed': 'Face removed',
  'image.viewed': 'Kept picture looked at',
  'snapshot.viewed': 'Picture of an event looked at',
  'snapshot.deleted': 'Pictures of events deleted',
  'gallery.exported': 'Gallery exported',
  'gallery.imported': 'Gallery imported',
  'gallery.backed_up': 'Backup made',
  'gallery.restored': 'Backup restored',
  'gallery.key_rotated': 'Gallery key changed',
  'key.created': 'Key made',
  'key.revoked': 'Key revoked',
  'threshold.changed': 'Threshold changed',
  'policy.changed': 'Door’s rule changed',
  'door.locked_down': 'Door locked down',
  'door.released': 'Lock-down ended',
  'door.unlocked': 'Door opened by hand',
  'sink.enabled': 'Webhook enabled again',
  'sink.resent': 'Webhook: given-up events sent again',
  'sink.tested': 'Webhook tried out',
};

export const AUDIT_ACTIONS: readonly string[] = Object.keys(ACTIONS);

/** An action in words; one that we do not know becomes readable text. */
export function actionWords(action: string): string {
  return ACTIONS[action] ?? action.replaceAll(/[._]/g, ' ');
}

/** `name front desk · scopes read recognize`; what is null or empty is left out. */
export function detailWords(details: AuditEntryView['details']): string {
  return Object.entries(details)
    .filter(([, value]) => value !== null && value !== '')
    .map(([key, value]) => `${key.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()} ${value}`)
    .join(' · ');
}
