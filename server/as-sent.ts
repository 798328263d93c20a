import { z } from 'zod';

/**
 * Validates a body by `schema` and passes it on as it was sent: without the defaults of what was left out, and with
 * durations as they were written. For what is kept, and for changes, where what is missing means something else than its
 * default.
 */
export function asSent<T extends z.ZodType>(schema: T): z.ZodType<z.input<T>> {
  return z
    .any()
    .superRefine((body, context) => {
      for (const issue of schema.safeParse(body).error?.issues ?? []) {
        context.addIssue({ code: 'custom', path: issue.path, message: issue.message });
      }
    })
    .meta(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>);
}
