import { FRAME_STAGES, type FrameStage } from '../../pipeline/frame-trace.ts';

/** An event of a trace file, as far as this reads it. */
export interface TraceSpan {
  readonly name: string;
  readonly ph: string;
  /** Microseconds of the machine's clock. */
  readonly ts: number;
  readonly dur: number;
  /** 1: what a camera's frame goes through; 3: on its way to a viewer. */
  readonly pid: number;
  readonly args: { readonly camera?: string; readonly frame?: number };
}

/** When a frame's message was with the client, milliseconds of the machine's clock. */
export interface Receipt {
  readonly camera: string;
  readonly sequence: number;
  readonly atMs: number;
}

export interface StageAccount {
  /** Milliseconds of each frame in each stage; 0 where a frame was not in it. */
  readonly stages: ReadonlyMap<FrameStage, readonly number[]>;
  /** All stages of a frame together, milliseconds. */
  readonly sums: readonly number[];
  /** From when ffmpeg had the frame's compressed data until its message was with the client, milliseconds. */
  readonly wholes: readonly number[];
}

const CAMERAS = 1;
const VIEWERS = 3;
const STAGES: ReadonlySet<string> = new Set(FRAME_STAGES);

/**
 * Adds up what a trace says of each frame that reached the client, beside what the client itself saw. Nothing is filled in: what no
 * stage covers is missing from the sum.
 */
export function stageAccount(spans: readonly TraceSpan[], receipts: readonly Receipt[]): StageAccount {
  const frames = new Map<string, TraceSpan[]>();
  for (const span of spans) {
    if (span.ph !== 'X' || (span.pid !== CAMERAS && span.pid !== VIEWERS) || !STAGES.has(span.name)) continue;
    const key = keyOf(span.args.camera!, span.args.frame!);
    frames.set(key, [...(frames.get(key) ?? []), span]);
  }
  const stages = new Map<FrameStage, number[]>(FRAME_STAGES.map((stage) => [stage, []]));
  const sums: number[] = [];
  const wholes: number[] = [];
  for (const { camera, sequence, atMs } of receipts) {
    const own = frames.get(keyOf(camera, sequence)) ?? [];
    const begin = own.find(({ name }) => name === 'decode');
    // Of frames at either end of the trace one part is missing, and so it is where ffmpeg's lines say too little.
    if (!begin || !own.some(({ name }) => name === 'send')) continue;
    const spent = (stage: string) => own.reduce((sum, { name, dur }) => sum + (name === stage ? dur / 1000 : 0), 0);
    for (const stage of FRAME_STAGES) stages.get(stage)!.push(spent(stage));
    sums.push(FRAME_STAGES.reduce((sum, stage) => sum + spent(stage), 0));
    wholes.push(atMs - begin.ts / 1000);
  }
  return { stages, sums, wholes };
}

function keyOf(camera: string, frame: number): string {
  return `${camera}/${frame}`;
}
