/** A message of `/ws/live` taken apart. */
export interface LiveParts {
  // biome-ignore lint/suspicious/noExplicitAny: tests read the JSON as a client would, without our types.
  json: any;
  jpeg: Buffer | null;
}

/** uint32 big-endian N, N bytes of JSON, then the JPEG; or JSON as text. */
export function liveParts(data: Buffer | string): LiveParts {
  if (typeof data === 'string') return { json: JSON.parse(data), jpeg: null };
  const length = data.readUInt32BE(0);
  return { json: JSON.parse(data.toString('utf8', 4, 4 + length)), jpeg: data.subarray(4 + length) };
}
