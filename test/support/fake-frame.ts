import type { Frame } from '../../pipeline/frame.ts';

export interface FakeFrame extends Frame {
  /** References still held. */
  references(): number;
}

/** A frame with a grey picture that counts its references; a reference too many given back throws. */
export function fakeFrame(fields: Partial<Omit<Frame, 'retain' | 'release'>> = {}): FakeFrame {
  let references = 1;
  const width = fields.width ?? 4;
  const height = fields.height ?? 2;
  return {
    cameraId: 'front',
    sequence: 1,
    connection: 1,
    ptsSeconds: 0,
    capturedAtMs: 0,
    arrivedAtMs: 0,
    ageMs: 0,
    degraded: false,
    width,
    height,
    format: 'rgb24',
    data: new Uint8Array(width * height * 3).fill(128),
    ...fields,
    references: () => references,
    retain: () => {
      references += 1;
    },
    release: () => {
      references -= 1;
      if (references < 0) throw new Error('a frame was released more often than it was retained');
    },
  };
}
