import { cosine, type KeptFace, wipe } from './kept-face.ts';

/** One time that the person was in front of a camera: numbers of the first and last frame. */
interface Stay {
  readonly camera: string;
  readonly from: number;
  to: number;
}

export interface Sighting {
  /** Length 1; kept, so hand over one of your own. */
  readonly vector: Float32Array;
  /** 0..1 */
  readonly quality: number;
  readonly camera: string;
  /** Number of the frame. */
  readonly frame: number;
  /** Monotonic and wall clock, milliseconds. */
  readonly monotonicMs: number;
  readonly wallMs: number;
}

const FACES = 5;
const STAYS = 32;
/** Frames without the person, within one stay: a few bad pictures. */
const STAY_GAP = 25;
/** Cosine from which two faces of one person add nothing to each other: mostly neighbouring pictures of a film. */
const NEARLY_EQUAL = 0.9;
/** A new picture must be that much better than the one that is there: most are not, and each one costs an encode. */
const BETTER_PICTURE = 0.05;

/** Faces that are taken for one person, whom nobody has named: the best few, unlike each other, with a picture or two. */
export class UnknownGroup {
  readonly id: string;
  firstSeenWallMs: number;
  lastSeenWallMs: number;
  lastSeenMs: number;
  sightings = 0;
  /** Set when it turned out to be somebody known: shown no longer, and gone at that time. Monotonic, milliseconds. */
  leavesAtMs: number | null = null;
  #faces: KeptFace[] = [];
  #stays: Stay[] = [];
  readonly #cameras = new Set<string>();

  constructor(id: string, { wallMs, monotonicMs }: Pick<Sighting, 'wallMs' | 'monotonicMs'>) {
    this.id = id;
    this.firstSeenWallMs = wallMs;
    this.lastSeenWallMs = wallMs;
    this.lastSeenMs = monotonicMs;
  }

  /** Best first. */
  get faces(): readonly KeptFace[] {
    return this.#faces;
  }

  get cameras(): string[] {
    return [...this.#cameras];
  }

  get best(): KeptFace | null {
    return this.#faces[0] ?? null;
  }

  /** Of the best face that has one. */
  get pictured(): KeptFace | null {
    return this.#faces.find(({ picture }) => picture !== null) ?? null;
  }

  /** Cosine of the most similar face. */
  similarity(vector: Float32Array): number {
    let best = -1;
    for (const face of this.#faces) best = Math.max(best, cosine(face.vector, vector));
    return best;
  }

  /** Mean cosine over all pairs: one face between two people does not make them one. */
  meanSimilarity(other: UnknownGroup): number {
    let sum = 0;
    for (const face of this.#faces) for (const its of other.#faces) sum += cosine(face.vector, its.vector);
    return sum / (this.#faces.length * other.#faces.length);
  }

  wasSeenIn(camera: string, frame: number): boolean {
    return this.#stays.some((stay) => stay.camera === camera && stay.from <= frame && frame <= stay.to);
  }

  wasSeenBy(camera: string): boolean {
    return this.#cameras.has(camera);
  }

  /**
   * @param renewBeforeMs faces seen before this are replaced even by worse ones, so that somebody who stays does not expire.
   * @returns `kept`: null when the face adds nothing.
   */
  note(sighting: Sighting, renewBeforeMs: number): { kept: KeptFace | null; wantsPicture: boolean } {
    this.#seen(sighting);
    const { vector, quality, monotonicMs } = sighting;
    const face: KeptFace = { vector, quality, seenAtMs: monotonicMs, picture: null };
    const before = this.pictured?.quality ?? null;
    if (!this.#keep(face, renewBeforeMs)) {
      wipe(face);
      return { kept: null, wantsPicture: false };
    }
    const isBetter = this.best === face && before !== null && quality >= before + BETTER_PICTURE;
    return { kept: face, wantsPicture: isBetter || this.pictured === null };
  }

  /** Takes over what the other one has; that one is empty then. */
  absorb(other: UnknownGroup): void {
    this.sightings += other.sightings;
    this.firstSeenWallMs = Math.min(this.firstSeenWallMs, other.firstSeenWallMs);
    this.lastSeenWallMs = Math.max(this.lastSeenWallMs, other.lastSeenWallMs);
    this.lastSeenMs = Math.max(this.lastSeenMs, other.lastSeenMs);
    for (const camera of other.#cameras) this.#cameras.add(camera);
    this.#stays = [...this.#stays, ...other.#stays].slice(-STAYS);
    for (const face of other.#faces) if (!this.#keep(face, Number.NEGATIVE_INFINITY)) wipe(face);
    other.#faces = [];
  }

  /** A face of before, as it was stored. */
  restore(face: KeptFace, cameras: readonly string[]): void {
    if (!this.#keep(face, Number.NEGATIVE_INFINITY)) wipe(face);
    for (const id of cameras) this.#cameras.add(id);
  }

  /** Wipes faces seen before `beforeMs`. @returns whether any is left. */
  expire(beforeMs: number): boolean {
    const old = this.#faces.filter(({ seenAtMs }) => seenAtMs < beforeMs);
    if (old.length > 0) this.#faces = this.#faces.filter(({ seenAtMs }) => seenAtMs >= beforeMs);
    for (const face of old) wipe(face);
    return this.#faces.length > 0;
  }

  wipe(): void {
    for (const face of this.#faces) wipe(face);
    this.#faces = [];
    this.#stays = [];
  }

  #seen({ camera, frame, monotonicMs, wallMs }: Sighting): void {
    this.sightings += 1;
    this.lastSeenMs = monotonicMs;
    this.lastSeenWallMs = wallMs;
    this.#cameras.add(camera);
    const stay = this.#stays.findLast((each) => each.camera === camera);
    if (stay && frame >= stay.to && frame - stay.to <= STAY_GAP) stay.to = frame;
    else this.#stays = [...this.#stays.slice(1 - STAYS), { camera, from: frame, to: frame }];
  }

  /** @returns false when it adds nothing; it is the caller's to wipe then. */
  #keep(face: KeptFace, renewBeforeMs: number): boolean {
    const like = this.#faces.find(({ vector }) => cosine(vector, face.vector) >= NEARLY_EQUAL);
    const worst = this.#faces.at(-1);
    const former = like ?? (this.#faces.length >= FACES ? worst : undefined);
    if (former) {
      const isOld = former.seenAtMs < renewBeforeMs;
      if (!isOld && face.quality <= former.quality) return false;
      // Of nearly equal faces the picture of the one will do for the other, unless it is about to expire.
      if (like && !isOld && !face.picture) {
        face.picture = like.picture;
        like.picture = null;
      }
      this.#faces = this.#faces.filter((each) => each !== former);
      wipe(former);
    }
    this.#faces = [...this.#faces, face].sort((a, b) => b.quality - a.quality);
    return true;
  }
}
