import WebSocket from 'ws';
import type { FrameMessage } from '../../sinks/frame-message.ts';

export interface LiveFrames extends AsyncDisposable {
  /** What the server said of that frame; waits for it when it has not come yet. */
  frame(sequence: number): Promise<FrameMessage>;
}

/** Listens beside the page: what it draws is compared with what the server said, not with what it says itself. */
export async function listenToFrames(address: string, camera: string): Promise<LiveFrames> {
  const url = new URL(`/ws/live?video=0&camera=${camera}`, address);
  url.protocol = 'ws:';
  const socket = new WebSocket(url);
  const frames = new Map<number, FrameMessage>();
  const waiting = new Map<number, (frame: FrameMessage) => void>();
  socket.on('message', (data) => {
    const frame: FrameMessage = JSON.parse(String(data));
    frames.set(frame.sequence, frame);
    waiting.get(frame.sequence)?.(frame);
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
