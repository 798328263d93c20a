import { sentence } from '../ui/sentence.ts';

/**
 * Why there is no preview, from the code that its socket was closed with (docs/protocol.md); null where trying again helps.
 *
 * @param reason as the server gave it; may be cut off at 120 bytes.
 */
export function previewRefusal(code: number, reason: string): string | null {
  switch (code) {
    case 4404:
      return 'The camera was removed.';
    case 4406:
      return reason === '' ? 'There is no video of this camera for it.' : sentence(reason);
    case 1013:
      return 'Too many other cameras are shown smoothly already.';
    default:
      return null;
  }
}
