import { Readable } from 'node:stream';
import { setImmediate as breathe } from 'node:timers/promises';

/** Members written before the event loop gets its turn. */
const AT_ONCE = 250;

/**
 * A long list as JSON, `{"<name>":[…],…rest}`, written piece by piece, so that ten thousand members hold nobody else up.
 *
 * @param view makes what is written of a member; called as the list is written.
 */
export function listedInPieces<T>(
  name: string,
  members: readonly T[],
  view: (member: T) => object,
  rest: Readonly<Record<string, unknown>>,
): Readable {
  async function* pieces(): AsyncGenerator<string> {
    yield `{${JSON.stringify(name)}:[`;
    for (let from = 0; from < members.length; from += AT_ONCE) {
      const piece = members.slice(from, from + AT_ONCE).map((member) => JSON.stringify(view(member)));
      yield `${from > 0 ? ',' : ''}${piece.join(',')}`;
      await breathe();
    }
    const others = Object.entries(rest).map(([key, value]) => `,${JSON.stringify(key)}:${JSON.stringify(value)}`);
    yield `]${others.join('')}}`;
  }
  return Readable.from(pieces(), { objectMode: false });
}
