import { effect } from '@preact/signals';
import { cameras } from '../state/cameras.ts';
import { connection } from '../state/connection.ts';
import { session, tenantName } from '../state/session.ts';

/** Keeps `<title>` saying what matters to somebody who looks at another tab. */
export function startPageTitle(): void {
  effect(() => {
    document.title = state() + (tenantName.value === null ? 'facegate' : `${tenantName.value} · facegate`);
  });
}

function state(): string {
  if (session.value.phase === 'login') return 'Log in · ';
  const at = connection.value;
  if ('lostSince' in at && at.lostSince !== null) return '⚠ Connection lost · ';
  const list = cameras.value?.filter(({ enabled }) => enabled);
  if (!list) return '';
  if (list.length === 0) return 'No cameras · ';
  const running = list.filter((camera) => camera.state === 'running').length;
  if (running < list.length) return `⚠ ${list.length - running} of ${list.length} cameras not live · `;
  return `${running} ${running === 1 ? 'camera' : 'cameras'} live · `;
}
