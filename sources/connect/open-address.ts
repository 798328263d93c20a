import { stat } from 'node:fs/promises';
import { SourceError } from '../../config/app-error.ts';
import { MjpegFeed } from '../mjpeg/mjpeg-feed.ts';
import type { SourceAddress } from '../source-address.ts';
import { askRtspCamera } from './ask-rtsp-camera.ts';
import { type Opening, plainOpening } from './opening.ts';
import { RtspTunnel } from './rtsp-tunnel.ts';

/** What has to be given back when ffmpeg has gone. */
export interface OpenAddress {
  readonly opening: Opening;
  /** What went wrong on this program's side of the connection, which ffmpeg can only see as an end; null where nothing did. */
  readonly failure: () => SourceError | null;
  /** It goes through this program, though ffmpeg could open it itself: where that is of no use, it is to be opened `direct`. */
  readonly detour: boolean;
  close(): Promise<void>;
}

/**
 * Finds out, before ffmpeg starts, whether there is something to open and what is wrong with it if not, and opens what ffmpeg is not
 * to open itself.
 *
 * @param o.transport of `rtsp:`.
 * @param o.direct what ffmpeg can open itself does not go through this program.
 * @throws {SourceError} within `timeoutMs`; a camera that takes two connections (the question, then the tunnel) has that for each.
 */
export async function openAddress(
  address: SourceAddress,
  { timeoutMs, transport, direct }: { timeoutMs: number; transport: 'tcp' | 'udp'; direct: boolean },
  signal: AbortSignal,
): Promise<OpenAddress> {
  switch (address.kind) {
    case 'rtsp': {
      const asked = await askRtspCamera(address, timeoutMs, signal);
      if (direct || transport === 'udp' || asked.video === null) {
        return plain({ address, input: { kind: 'rtsp', url: asked.url }, feed: null });
      }
      const tunnel = await RtspTunnel.open(address, asked, timeoutMs, signal);
      return {
        opening: { address, input: { kind: 'rtsp', url: tunnel.url }, feed: null },
        // ffmpeg sees as much of it as if there were no tunnel.
        failure: () => null,
        detour: true,
        close: () => tunnel.close(),
      };
    }
    case 'rtsps': {
      const { url, video } = await askRtspCamera(address, timeoutMs, signal);
      const tunnel = await RtspTunnel.open(address, { url, video: direct ? null : video }, timeoutMs, signal);
      return {
        opening: { address, input: { kind: 'rtsp', url: tunnel.url }, feed: null },
        failure: () => tunnel.failure,
        detour: video !== null && !direct,
        close: () => tunnel.close(),
      };
    }
    case 'mjpeg': {
      const feed = await MjpegFeed.open(address, timeoutMs, signal);
      return {
        opening: { address, input: address, feed: feed.body },
        failure: () => feed.failure,
        detour: false,
        close: () => feed.close(),
      };
    }
    case 'file':
      await checkFile(address.path);
      return plain(plainOpening(address));
    case 'webcam':
    case 'test':
      return plain(plainOpening(address));
  }
}

function plain(opening: Opening): OpenAddress {
  return { opening, failure: () => null, detour: false, close: async () => {} };
}

async function checkFile(path: string): Promise<void> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new SourceError('STREAM_NOT_FOUND', `file ${path} is a folder`);
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new SourceError('STREAM_NOT_FOUND', `there is no file ${path}`, { cause });
    }
    throw new SourceError('STREAM_CONNECTION_FAILED', `file ${path} may not be opened (${code})`, { cause });
  }
}
