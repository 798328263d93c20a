import { useState } from 'preact/hooks';
import type { UnknownView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';

/** The best picture of somebody unknown. It changes with better ones, so its address carries when they were last seen. */
export function UnknownPicture({ unknown, label }: { unknown: UnknownView; label: string }) {
  const [broken, setBroken] = useState(false);
  if (broken) return <span class="muted small">no picture</span>;
  return (
    <img
      src={`${facegateApi.unknownImage(unknown.id)}?quality=${unknown.quality ?? ''}`}
      alt={label}
      onError={() => setBroken(true)}
    />
  );
}
