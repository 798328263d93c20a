const DOLLAR = 0x24;

/**
 * RTSP over TCP (RFC 2326) has one after the other: questions and answers in text, and packets, each behind `$`, its channel and its
 * length.
 */
export function isPacket(bytes: Buffer, at: number): boolean {
  return bytes[at] === DOLLAR;
}

/**
 * @returns where the packet, question or answer that begins at `at` ends, infinity where that cannot be told yet; null where none begins
 *   there.
 */
export function endOf(bytes: Buffer, at: number): number | null {
  if (isPacket(bytes, at))
    return bytes.length < at + 4 ? Number.POSITIVE_INFINITY : at + 4 + bytes.readUInt16BE(at + 2);
  if (!/[A-Z]/.test(String.fromCharCode(bytes[at]!))) return null;
  const end = bytes.indexOf('\r\n\r\n', at);
  if (end < 0) return Number.POSITIVE_INFINITY;
  const length = /^content-length:[ \t]*(\d{1,7})/im.exec(bytes.subarray(at, end).toString('latin1'))?.[1];
  return end + 4 + Number(length ?? 0);
}
