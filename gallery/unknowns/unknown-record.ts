import { z } from 'zod';
import { fromBlob, toBlob } from '../embedding-blob.ts';
import { UnknownGroup } from './unknown-group.ts';

/** One moment on both clocks, milliseconds: the monotonic one begins anew with every start of the machine. */
export interface WhatTimeItIs {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

const record = z.object({
  firstSeen: z.number(),
  lastSeen: z.number(),
  sightings: z.number(),
  cameras: z.array(z.string()),
  faces: z.array(
    z.object({ vector: z.string(), quality: z.number(), seenAt: z.number(), picture: z.string().nullable() }),
  ),
});

/** Everything of the person but the frames, whose numbers begin anew with the next start. UTF-8 JSON; the caller wipes it. */
export function toRecord(group: UnknownGroup, now: WhatTimeItIs): Buffer {
  const written: z.infer<typeof record> = {
    firstSeen: group.firstSeenWallMs,
    lastSeen: group.lastSeenWallMs,
    sightings: group.sightings,
    cameras: group.cameras,
    faces: group.faces.map(({ vector, quality, seenAtMs, picture }) => ({
      vector: Buffer.from(toBlob(vector)).toString('base64'),
      quality,
      seenAt: now.wallMs - (now.monotonicMs - seenAtMs),
      picture: picture?.toString('base64') ?? null,
    })),
  };
  return Buffer.from(JSON.stringify(written));
}

/** @returns null when it is no such record, or of another width. */
export function fromRecord(id: string, bytes: Buffer, width: number, now: WhatTimeItIs): UnknownGroup | null {
  const parsed = record.safeParse(json(bytes));
  if (!parsed.success) return null;
  const { firstSeen, lastSeen, sightings, cameras, faces } = parsed.data;
  // A wall clock that was set back makes nothing younger than now.
  const monotonicAt = (wallMs: number) => now.monotonicMs - Math.max(0, now.wallMs - wallMs);
  const group = new UnknownGroup(id, { wallMs: firstSeen, monotonicMs: monotonicAt(lastSeen) });
  group.lastSeenWallMs = lastSeen;
  group.sightings = sightings;
  for (const { vector: text, quality, seenAt, picture } of faces) {
    const vector = fromBlob(Buffer.from(text, 'base64'), width);
    if (!vector) return null;
    const kept = {
      vector,
      quality,
      seenAtMs: monotonicAt(seenAt),
      picture: picture === null ? null : bytesOf(picture),
    };
    group.restore(kept, cameras);
  }
  return group;
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

/** Memory of its own: a slice of Buffer's pool could not be wiped without its neighbours' leave. */
function bytesOf(base64: string): Buffer {
  const pooled = Buffer.from(base64, 'base64');
  const own = Buffer.alloc(pooled.length);
  pooled.copy(own);
  pooled.fill(0);
  return own;
}
