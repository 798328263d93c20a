/** What stands in place of a secret. */
const HIDDEN = '***';

/** `rtsp://`, also as it stands percent-encoded (`rtsp%3A%2F%2F`, once or several times) or in JSON with escaped slashes. */
const SCHEME = /[a-z][a-z0-9+.-]{0,31}(?:%((?:25){0,4})3A%\1(2F)%\1\2|:\\?\/\\?\/)/gi;

/** A URL in a text ends at white space, a double quote or an angle bracket; at a single quote only where one closes. */
const URL_END = /[\s"<>`]|'(?=$|[\s,:;.)\]}])/;

/** Characters after the scheme that are looked at; it keeps the time linear in hostile text. */
const LONGEST_URL = 8192;

const SECRET_NAME = '(?:[\\w-]{0,40}[_-])?(?:password|passwd|passphrase|pass|pwd|token|apikey|key|secret|auth)';

/** Parameters in a plain URL; some cameras take them in the path, joined by `&` or `_`. */
const PARAMETER = new RegExp(`([?&;/_]${SECRET_NAME}=)(?:(?!['](?:$|[\\s,:;.)\\]}]))(?!_[a-z]+=)[^&#\\s"<>\`])+`, 'gi');
/** The same in a URL that is itself percent-encoded, to any depth: the value ends at the next encoded `&` or `#`. */
const ENCODED_PARAMETER = new RegExp(
  `(%((?:25){0,4})(?:3F|26|3B|2F)${SECRET_NAME}%\\2(?:3D))(?:(?!%\\2(?:26|23))[^&#\\s"<>\`])+`,
  'gi',
);

/** After an `@`: an address, a dotted name or `localhost`, with or without port. */
const SURE_HOST =
  /^(?:\[[0-9a-f:.%]+\]|\d{1,3}(?:\.\d{1,3}){3}|(?:[\w-]+\.)+(?:[a-z]{2,}|xn--[\w-]+)\.?|localhost)(?::\d+)?(?=$|[/?#\\,;)':])/i;
/** A bare name or a name with a port. */
const LIKELY_HOST = /^(?:[\w.-]+)(?::\d+)?(?=$|[/?#\\,;)'])/;

/**
 * Hides the user name and password of every URL in `text`, and the value of every parameter whose name says that it is
 * a secret (`password`, `token`, `key`, …). Scheme, host, port and path stay; a text without credentials comes back
 * unchanged. Redact before a text is cut: half a URL cannot be told from a host and port.
 *
 * Passwords that should have been percent-encoded and hold `@`, `/`, `:`, `?` or `#` are hidden too; where that leaves
 * two readings, the one that hides more wins.
 */
export function redact(text: string): string {
  return hideUserinfo(text).replace(PARAMETER, `$1${HIDDEN}`).replace(ENCODED_PARAMETER, `$1${HIDDEN}`);
}

function hideUserinfo(text: string): string {
  let out = '';
  let done = 0;
  for (const match of text.matchAll(SCHEME)) {
    const start = match.index + match[0].length;
    // Inside what was hidden already.
    if (start < done) continue;
    const end = userinfoEnd(text, start, match[1]);
    if (end === null) continue;
    out += text.slice(done, start) + HIDDEN;
    done = end;
  }
  return out + text.slice(done);
}

/** Where the `@` after the userinfo stands (plain or encoded), or null where there is none. */
function userinfoEnd(text: string, start: number, encoding: string | undefined): number | null {
  const rest = text.slice(start, start + LONGEST_URL);
  const length = rest.search(URL_END);
  let run = length < 0 ? rest : rest.slice(0, length);
  const another = run.search(SCHEME);
  if (another > 0) run = run.slice(0, another);
  if (encoding === undefined) return offset(start, plainUserinfo(run));
  // One level of encoding off, and the rules are those of a plain URL.
  const pieces = run.split(new RegExp(`%${encoding}40`, 'i'));
  if (pieces.length === 1) return null;
  const decode = (piece: string) =>
    piece.replace(new RegExp(`%${encoding}(2F|3A|3F|23|5B|5D)`, 'gi'), (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  const plain = pieces.map(decode);
  const found = plainUserinfo(plain.join('@'));
  if (found === null) return null;
  let at = 0;
  let plainAt = 0;
  for (const [i, piece] of pieces.entries()) {
    at += piece.length;
    plainAt += plain[i]!.length;
    if (plainAt === found) break;
    at += `%${encoding}40`.length;
    plainAt += 1;
  }
  return start + at;
}

function offset(start: number, found: number | null): number | null {
  return found === null ? null : start + found;
}

/** Length of the userinfo at the start of `run` (all that follows `scheme://`); null where there is none. */
function plainUserinfo(run: string): number | null {
  const ats = [...run.matchAll(/@/g)].map((match) => match.index);
  if (ats.length === 0) return null;
  const authority = /^[^/?#\\]*/.exec(run)![0];
  const sure = ats.findLast((at) => SURE_HOST.test(run.slice(at + 1)));
  const likely = ats.findLast((at) => LIKELY_HOST.test(run.slice(at + 1)));
  if (authority.includes('@')) return sure ?? likely ?? authority.lastIndexOf('@');

  // No `@` where it belongs: either there are no credentials, or the password holds a `/`, `?` or `#`.
  const port = /:([^:]*)$/.exec(authority)?.[1];
  if (authority === '' || port === undefined) return null;
  if (/^\[.*\]$/.test(authority)) return null;
  if (/^\d{1,5}$/.test(port)) {
    // `host:80/@name` is an address with a port; `admin:80/x@10.0.0.5` may be a password that starts with digits.
    return sure !== undefined && run[sure - 1] !== '/' ? sure : null;
  }
  return sure ?? likely ?? ats.at(-1)!;
}
