import type { Finding } from './finding.ts';

export type PortState =
  | { readonly is: 'free' }
  /** `by`: `facegate 0.1.0`, `node (process 4711)`; null where the system does not tell. */
  | { readonly is: 'taken'; readonly by: string | null }
  /** Any other reason why one cannot listen there: `EACCES`. */
  | { readonly is: 'refused'; readonly why: string };

export function checkPort(host: string, port: number, state: PortState): Finding {
  const check = `port ${port}`;
  if (port === 0) return { check: 'port', state: 'ok', found: 'a free one is taken at the start' };
  if (state.is === 'free') return { check, state: 'ok', found: `free on ${host}` };
  const other = 'choose another one with --port or server.port';
  if (state.is === 'refused') {
    const why = state.why === 'EACCES' ? 'ports below 1024 need a privilege' : state.why;
    return { check, state: 'wrong', found: `cannot be listened on at ${host}: ${why}`, todo: other };
  }
  if (state.by?.startsWith('facegate ')) {
    return {
      check,
      state: 'warning',
      found: `${state.by} answers there already`,
      todo: `leave it running, end it, or ${other}`,
    };
  }
  return {
    check,
    state: 'wrong',
    found: `is taken on ${host} by ${state.by ?? 'another program'}`,
    todo: `end it, or ${other}`,
  };
}
