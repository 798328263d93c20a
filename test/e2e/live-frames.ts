import WebSocket from 'ws';
import type { FrameMessage } from '../../sinks/frame-message.ts';

export interface SentFrame {
  readonly said: FrameMessage;
  readonly jpeg: Buffer;
}

export interface LiveFrames extends AsyncDisposable {
  /** What the server sent of that frame; waits for it when it has not come yet. */
  frame(sequence: number): Promise<SentFrame>;
}

/** Frames that are remembered; older ones are forgotten. */
const MOST = 200;

/** Listens beside the page: what it draws is compared with what the server sent, not with what it says itself. */
export async function listenToFrames(address: string, camera: string): Promise<LiveFrames> {
  const url = new URL(`/ws/live?camera=${camera}`, address);
  url.protocol = 'ws:';
  const socket = new WebSocket(url);
  const frames = new Map<number, SentFrame>();
  const waiting = new Map<number, (frame: SentFrame) => void>();
  socket.on('message', (data: Buffer) => {
    const length = data.readUInt32BE(0);
    const said: FrameMessage = JSON.parse(data.toString('utf8', 4, 4 + length));
    const frame = { said, jpeg: data.subarray(4 + length) };
    frames.set(said.sequence, frame);
    if (frames.size > MOST) frames.delete(frames.keys().next().value as number);
    waiting.get(said.sequence)?.(frame);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const close = () =>
    new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.close();
    });
  return {
    frame(sequence) {
      const there = frames.get(sequence);
      if (there) return Promise.resolve(there);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`the server sent no frame ${sequence}`)), 5000);
        waiting.set(sequence, (frame) => {
          clearTimeout(timer);
          resolve(frame);
        });
      });
    },
    [Symbol.asyncDispose]: close,
  };
}
