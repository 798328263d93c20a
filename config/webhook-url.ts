import { isLoopbackAddress } from './address-range.ts';

/**
 * @param insecure whether `http:` beyond this machine was asked for.
 * @returns what is wrong with a webhook's address, to stand after its name; null where nothing is.
 */
export function webhookUrlProblem(url: string, insecure: boolean): string | null {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol))
    return 'must be an address like https://host/path';
  if (!isDecodable(parsed.username) || !isDecodable(parsed.password))
    return 'must write a "%" of the user name or password as "%25"';
  if (parsed.protocol === 'https:' || insecure || isThisMachine(parsed.hostname)) return null;
  return 'must start with https:// beyond this machine; "insecure: true" allows http:// all the same, where the network is trusted with who passes which door';
}

/** Else nothing could be posted to it, ever. */
function isDecodable(encoded: string): boolean {
  try {
    decodeURIComponent(encoded);
    return true;
  } catch {
    return false;
  }
}

function isThisMachine(hostname: string): boolean {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || bare.endsWith('.localhost') || isLoopbackAddress(bare);
}
