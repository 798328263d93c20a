import type { Embedding } from '../../pipeline/face.ts';
import type { Clock } from '../../pipeline/ports.ts';
import { uuidV7 } from '../../pipeline/uuid-v7.ts';
import { lengthOf } from '../embedding-blob.ts';
import type { KeptFace } from './kept-face.ts';
import { UnknownGroup } from './unknown-group.ts';

export interface RecentUnknownsOptions {
  /** Numbers in an embedding; others are not taken. */
  width: number;
  /** Cosine from which two faces are one person. */
  threshold: number;
  /** How long a face is held. */
  keepMs: number;
  clock: Clock;
  /** Default 500. */
  maxGroups?: number;
  /** The person is held no longer: expired, named, merged into another one, or pushed out. */
  onGone?: (id: string) => void;
  /** What is held of the person changed: a face or a picture. */
  onChange?: (id: string) => void;
}

/** A face of somebody whom nobody was known by. */
export interface UnknownFace {
  /** Copied. */
  readonly embedding: Embedding;
  /** 0..1 */
  readonly quality: number;
  readonly camera: string;
  /** Number of the frame. */
  readonly frame: number;
}

export interface Noted {
  readonly id: string;
  /**
   * Set when a picture of this very face is wanted: hand it over when it is made. Should the face be gone by then, the
   * picture is wiped.
   */
  readonly onPicture: ((jpeg: Buffer) => void) | null;
}

/** Whoever is in front of a camera was mostly there a moment ago: those are compared first. */
const JUST_NOW_MS = 2000;
/** A known person's bad picture becomes an unknown one; it goes when that person is recognised here within this time. */
const SAME_VISIT_MS = 15_000;
/** Whoever leaves the list can still be asked for this long: somebody may be typing their name. */
const LEAVING_MS = 120_000;

/**
 * People whom nobody has named, in memory: faces above the threshold of one another are one person. No face is held for
 * longer than `keepMs`, and what goes is overwritten. Bounded: at most `maxGroups` people (those not seen for the longest
 * go first), five faces of each.
 */
export class RecentUnknowns {
  readonly #options: Required<RecentUnknownsOptions>;
  /** Last seen last. */
  readonly #groups = new Map<string, UnknownGroup>();
  /** People who turned out to be another one, and that one. */
  readonly #mergedInto = new Map<string, string>();

  constructor(options: RecentUnknownsOptions) {
    this.#options = { maxGroups: 500, onGone: () => undefined, onChange: () => undefined, ...options };
  }

  get size(): number {
    return [...this.#groups.values()].filter(({ leavesAtMs }) => leavesAtMs === null).length;
  }

  /** @returns null when the embedding is none that could be compared. */
  note({ embedding, quality, camera, frame }: UnknownFace): Noted | null {
    const { clock, keepMs } = this.#options;
    const vector = this.#unit(embedding);
    if (!vector) return null;
    const [monotonicMs, wallMs] = [clock.monotonicMs(), clock.wallMs()];
    const here = this.#alike(this.#seenSince(monotonicMs - JUST_NOW_MS, camera), vector);
    // Comparing with everybody is spared where it is whoever was here a moment ago.
    const alike = here.length > 0 ? here : this.#alike(this.#groups.values(), vector);
    const group = alike[0] ?? new UnknownGroup(uuidV7(wallMs), { wallMs, monotonicMs });
    const { kept, wantsPicture } = group.note(
      { vector, quality: Number.isFinite(quality) ? quality : 0, camera, frame, monotonicMs, wallMs },
      monotonicMs - keepMs / 2,
    );
    group.leavesAtMs = null;
    const seen = kept
      ? this.#merged(group, alike === here ? this.#alike(this.#groups.values(), vector) : alike)
      : group;
    const { id } = seen;
    this.#groups.delete(id);
    this.#groups.set(id, seen);
    this.#makeRoom();
    if (kept) this.#options.onChange(id);
    return { id, onPicture: kept && wantsPicture ? (jpeg) => this.#picture(kept, jpeg) : null };
  }

  /**
   * Somebody was recognised: those seen here a moment ago who look like them were bad pictures of them. They leave the list at
   * once, and the memory a little later.
   */
  recognised(embedding: Embedding, camera: string): void {
    if (this.#groups.size === 0) return;
    const vector = this.#unit(embedding);
    if (!vector) return;
    const nowMs = this.#options.clock.monotonicMs();
    for (const group of this.#alike(this.#seenSince(nowMs - SAME_VISIT_MS, camera), vector)) {
      if (group.leavesAtMs !== null) continue;
      group.leavesAtMs = nowMs + LEAVING_MS;
      this.#options.onGone(group.id);
    }
    vector.fill(0);
  }

  /** Somebody was enrolled: whoever looks like them is unknown no longer. */
  enrolled(embedding: Embedding): void {
    const vector = this.#unit(embedding);
    if (!vector) return;
    for (const group of this.#alike(this.#groups.values(), vector)) this.remove(group.id);
    vector.fill(0);
  }

  /** Last seen first. Look, and do not keep: it is wiped under your hands. */
  list(): readonly UnknownGroup[] {
    this.expire();
    return [...this.#newestFirst()].filter(({ leavesAtMs }) => leavesAtMs === null);
  }

  /** Also whoever left the list a moment ago, and under the id that they had before they turned out to be another one. */
  get(id: string): UnknownGroup | null {
    this.expire();
    return this.#groups.get(this.#mergedInto.get(id) ?? id) ?? null;
  }

  /** Takes back somebody who was written down. */
  restore(group: UnknownGroup): void {
    this.#groups.set(group.id, group);
    this.#makeRoom();
  }

  /** @returns false when there is none. */
  remove(id: string): boolean {
    const group = this.#groups.get(this.#mergedInto.get(id) ?? id);
    if (!group) return false;
    this.#groups.delete(group.id);
    for (const [former, now] of this.#mergedInto) if (now === group.id) this.#mergedInto.delete(former);
    group.wipe();
    this.#options.onGone(group.id);
    return true;
  }

  /** Wipes what was held long enough; call it now and then. */
  expire(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const before = nowMs - this.#options.keepMs;
    for (const group of [...this.#groups.values()]) {
      const faces = group.faces.length;
      const leaves = group.leavesAtMs !== null && group.leavesAtMs <= nowMs;
      if (leaves || !group.expire(before)) this.remove(group.id);
      else if (group.faces.length !== faces) this.#options.onChange(group.id);
    }
  }

  /** Wipes everything, and tells nobody. */
  clear(): void {
    for (const group of this.#groups.values()) group.wipe();
    this.#groups.clear();
    this.#mergedInto.clear();
  }

  #unit({ vector }: Embedding): Float32Array | null {
    const length = lengthOf(vector);
    if (vector.length !== this.#options.width || length === 0) return null;
    return vector.map((value) => value / length);
  }

  *#newestFirst(): Iterable<UnknownGroup> {
    const groups = [...this.#groups.values()];
    for (let i = groups.length - 1; i >= 0; i -= 1) yield groups[i] as UnknownGroup;
  }

  *#seenSince(sinceMs: number, camera: string): Iterable<UnknownGroup> {
    for (const group of this.#newestFirst()) {
      if (group.lastSeenMs < sinceMs) return;
      if (group.wasSeenBy(camera)) yield group;
    }
  }

  /** Those at or above the threshold, the most similar first. */
  #alike(groups: Iterable<UnknownGroup>, vector: Float32Array): UnknownGroup[] {
    const found: { group: UnknownGroup; similarity: number }[] = [];
    for (const group of groups) {
      const similarity = group.similarity(vector);
      if (similarity >= this.#options.threshold) found.push({ group, similarity });
    }
    return found.sort((a, b) => b.similarity - a.similarity).map(({ group }) => group);
  }

  /** The new face may show that two were one all the time: the one seen first takes the other in. */
  #merged(group: UnknownGroup, alike: readonly UnknownGroup[]): UnknownGroup {
    let survivor = group;
    for (const other of alike) {
      if (other === survivor || survivor.meanSimilarity(other) < this.#options.threshold) continue;
      const [first, second] = other.firstSeenWallMs <= survivor.firstSeenWallMs ? [other, survivor] : [survivor, other];
      first.absorb(second);
      const formerly = [...this.#mergedInto].flatMap(([former, now]) => (now === second.id ? [former] : []));
      this.remove(second.id);
      for (const former of [...formerly, second.id]) this.#mergedInto.set(former, first.id);
      survivor = first;
    }
    return survivor;
  }

  #makeRoom(): void {
    const { maxGroups } = this.#options;
    for (const id of [...this.#groups.keys()].slice(0, Math.max(0, this.#groups.size - maxGroups))) this.remove(id);
  }

  #picture(face: KeptFace, jpeg: Buffer): void {
    // Not by its former group: two may have become one meanwhile.
    const group = [...this.#groups.values()].find(({ faces }) => faces.includes(face));
    if (!group) {
      jpeg.fill(0);
      return;
    }
    face.picture?.fill(0);
    face.picture = jpeg;
    this.#options.onChange(group.id);
  }
}
