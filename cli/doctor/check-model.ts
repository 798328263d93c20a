import type { Finding } from './finding.ts';

/** A network that the settings need, and how it was found. */
export interface NeededModel {
  readonly role: string;
  readonly name: string;
  readonly state:
    | { readonly at: 'here'; readonly path: string; readonly verified: boolean }
    /** Not here, but facegate fetches it at the start. */
    | { readonly at: 'catalog' }
    | { readonly at: 'nowhere'; readonly why: string };
}

export function checkModel({ role, name, state }: NeededModel): Finding {
  const check = `${role} model`;
  switch (state.at) {
    case 'here': {
      const how = state.verified
        ? 'SHA-256 verified'
        : 'not verified: nothing is known to compare it with; facegate models add notes it';
      return { check, state: 'ok', found: `${name}: ${state.path} (${how})` };
    }
    case 'catalog':
      return {
        check,
        state: 'warning',
        found: `${name} is not here; the first start fetches it`,
        todo: `facegate models pull ${name}`,
      };
    case 'nowhere':
      return {
        check,
        state: 'wrong',
        found: state.why,
        todo: 'facegate models list shows what there is (docs/models.md)',
      };
  }
}
