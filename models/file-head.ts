import { open } from 'node:fs/promises';

/** As much of a file as tells what it is: PyTorch puts `data.pkl` first into its archive. */
export const HEAD_BYTES = 1024;

/** The first `HEAD_BYTES` of a file, or all there are. */
export async function fileHead(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
