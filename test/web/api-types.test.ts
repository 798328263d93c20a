import { expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import type { doorView } from '../../server/api-schemas.ts';
import type { DoorView } from '../../web/src/api/api-types.ts';

// Held by the compiler: the console's own words for what the server's schema says.
it('knows doors as the server sends them', () => {
  expectTypeOf<Omit<z.output<typeof doorView>, 'last'>>().toEqualTypeOf<Omit<Writable<DoorView>, 'last'>>();
});

type Writable<T> = { -readonly [K in keyof T]: T[K] };
