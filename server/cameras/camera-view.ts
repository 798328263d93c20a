import { redact } from '../../config/redact.ts';
import { timingsInTenths } from '../../pipeline/timings-in-tenths.ts';
import type { CameraView } from '../server-parts.ts';
import type { KnownCamera } from './known-camera.ts';

/** A camera as the outside sees it. Nothing here holds a credential. */
export function cameraView(camera: KnownCamera, doors: readonly string[], nowMs: number): CameraView {
  const { settings, origin, running, status, reconnects } = camera;
  const latest = running?.latest ?? null;
  const counts = running?.counts;
  const effective = running?.effectiveFps ?? settings.fps;
  return {
    id: settings.id,
    name: settings.name ?? settings.id,
    url: redact(settings.url),
    origin: origin.kind,
    conflict: origin.kind === 'config' ? origin.conflict : null,
    enabled: settings.enabled,
    state: status.state,
    code: status.code,
    message: status.message,
    since: new Date(status.sinceMs).toISOString(),
    retryAt: status.retryAtMs === null ? null : new Date(status.retryAtMs).toISOString(),
    connections: status.connections,
    reconnects: reconnects.counts,
    streamInUse: status.streamInUse && { index: status.streamInUse.index, url: redact(status.streamInUse.url) },
    stream: running?.stream ?? null,
    fps: {
      configured: settings.fps,
      effective: Math.round(100 * effective) / 100,
      why: effective < settings.fps ? 'overload' : null,
      ...(running?.rates ?? { decoded: null, received: 0, analysed: 0 }),
    },
    width: latest?.width ?? null,
    height: latest?.height ?? null,
    ageMs: latest ? Math.round(latest.ageAt(nowMs)) : null,
    dropped: counts?.dropped ?? { busy: 0, thinned: 0, unchanged: 0, pool: 0, fault: 0 },
    decodeErrors: counts?.decodeErrors ?? 0,
    timings: latest ? timingsInTenths(latest.timings) : null,
    doors: [...doors],
    zones: settings.zones,
    masks: settings.masks,
    settings: {
      fps: settings.fps,
      width: settings.width,
      transport: settings.transport,
      failover: settings.failover.map(redact),
      timeoutMs: settings.timeout,
      hwaccel: settings.hwaccel,
      deviceFps: settings.deviceFps ?? null,
      deviceSize: settings.deviceSize ?? null,
      verifyTls: settings.tls.verify,
    },
  };
}
