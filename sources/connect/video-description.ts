/** What a camera's SDP says of its video. */
export interface VideoDescription {
  readonly codec: 'h264' | 'h265';
  /** What its RTP packets are marked with. */
  readonly payloadType: number;
}

/**
 * @returns the video of an SDP (RFC 8866); null where it has none or several, is neither H.264 nor H.265, or sends the parts of its
 *   pictures in another order than they belong in.
 */
export function videoDescription(sdp: string): VideoDescription | null {
  const videos = sdp
    .split(/\r?\n(?=m=)/)
    .map((section) => section.split(/\r?\n/).map((line) => line.trim()))
    .filter(([first]) => /^m=video /.test(first!));
  const [video] = videos;
  if (!video || videos.length > 1) return null;
  const formats = video[0]!.split(/ +/).slice(3);
  if (formats.length !== 1 || !/^\d{1,3}$/.test(formats[0]!)) return null;
  const payloadType = Number(formats[0]);
  const of = (name: string) => video.find((line) => line.startsWith(`a=${name}:${payloadType} `)) ?? '';
  const codec = / (H264|H265)\/90000/i.exec(of('rtpmap'))?.[1]?.toLowerCase();
  // RFC 6184 calls the order of mode 2 interleaved, RFC 7798 has a difference of decoding order numbers for it.
  if (!codec || /packetization-mode=2|sprop-max-don-diff=[1-9]/i.test(of('fmtp'))) return null;
  return { codec: codec as VideoDescription['codec'], payloadType };
}
