import type { CameraProbe } from '../../sources/probe-camera.ts';
import type { Finding } from './finding.ts';

/** @param url without credentials. */
export function checkCamera(id: string, url: string, probe: CameraProbe): Finding {
  const check = `camera ${id}`;
  if (probe.ok) {
    const fps = probe.fps === null ? '' : `, ${probe.fps} frames a second`;
    return { check, state: 'ok', found: `${probe.width}×${probe.height} ${probe.codec}${fps}` };
  }
  return { check, state: 'wrong', found: `${probe.message} (${probe.code})`, todo: `facegate cameras probe ${url}` };
}
