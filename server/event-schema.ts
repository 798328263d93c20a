import { z } from 'zod';
import { EVENT_TYPES } from '../config/event-types.ts';
import { eventView } from './api-schemas.ts';

/**
 * The envelope of every feed as JSON Schema (draft 2020-12), at `/schemas/event.json` and in the package as
 * docs/schemas/event-1.json. Within a version fields and types are added, never changed or taken away.
 */
export const eventSchema = {
  $id: 'urn:facegate:schemas/event-1.json',
  title: 'facegate event',
  description: `An event of facegate. Types so far: ${EVENT_TYPES.join(', ')}. Further fields and types may come; pass over what you do not know.`,
  // As input: output would forbid further fields of `subject`.
  ...z.toJSONSchema(z.looseObject(eventView.shape), { io: 'input' }),
};
