import { fileHead } from './file-head.ts';

/** PyTorch's own archive, or a pickle: what `torch.save` writes today, or wrote before 2020. */
export type CheckpointKind = 'PyTorch archive' | 'pickle';

/** Whether these first bytes are those of a PyTorch checkpoint, whatever the file is called; null where they are not. */
export function checkpointKind(head: Uint8Array): CheckpointKind | null {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (text.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004') {
    return text.includes('data.pkl') || text.includes('/data/') ? 'PyTorch archive' : null;
  }
  // Protocol 2 to 5: an opcode and the number, then another opcode. No ONNX model starts so.
  const [first, protocol] = text;
  return first === 0x80 && protocol !== undefined && protocol >= 2 && protocol <= 5 ? 'pickle' : null;
}

/** Reads the beginning of a file. Null where it is no checkpoint, or cannot be read. */
export async function checkpointFile(path: string): Promise<CheckpointKind | null> {
  try {
    return checkpointKind(await fileHead(path));
  } catch {
    return null;
  }
}
