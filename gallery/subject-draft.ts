import { z } from 'zod';
import { AppError } from '../config/app-error.ts';
import type { SubjectDraft } from './subject.ts';
import { subjectName } from './subject-name.ts';

/** A subject's fields with every default filled in. */
export type SubjectFields = { readonly [Field in keyof SubjectDraft]-?: Exclude<SubjectDraft[Field], undefined> };

/** Control characters but the end of a line and a tab, and the marks that reverse the text after them. */
const UNPRINTABLE = /(?![\n\t])[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u;

const text = (least: number, most: number) =>
  z
    .string({ error: 'must be a text' })
    .transform((value) => value.normalize('NFC').replaceAll('\r\n', '\n').trim())
    .refine((value) => [...value].length >= least && [...value].length <= most, {
      error: `must have ${least === 0 ? 'at most' : `${least} to`} ${most} characters`,
    })
    .refine((value) => !UNPRINTABLE.test(value), { error: 'must not hold control characters' });

/** The last moment that JavaScript's dates can name. */
const moment = z
  .number({ error: 'must be a time' })
  .refine((value) => Number.isSafeInteger(value) && Math.abs(value) <= 8.64e15, { error: 'must be a time' });

const line = (most: number) =>
  text(1, most).refine((value) => !/[\n\t]/.test(value), { error: 'must not hold control characters' });

/** What may be said of a subject beside its name (`subjectName` judges that). */
const fields = z.strictObject({
  name: z.string({ error: 'must be a text' }),
  groups: z
    .array(line(100), { error: 'must be a list of texts' })
    .max(50, { error: 'must have at most 50 members' })
    .transform((groups) => [...new Set(groups)])
    .optional(),
  notes: text(0, 2000).optional(),
  validFromMs: moment.nullable().optional(),
  validUntilMs: moment.nullable().optional(),
  consent: z
    .strictObject({ by: line(200), atMs: moment, basis: text(1, 2000) })
    .nullable()
    .optional(),
});

const NOTHING = { groups: [], notes: '', validFromMs: null, validUntilMs: null, consent: null };

/**
 * A subject's fields as they are stored: texts trimmed and in NFC, groups without repetition, what `draft` leaves out as
 * `before` has it.
 *
 * @throws {AppError} REQUEST_INVALID, which names the field.
 */
export function subjectFields(draft: Partial<SubjectDraft>, before: Partial<SubjectFields> = {}): SubjectFields {
  const { name = before.name ?? '', ...others } = draft;
  const parsed = fields.safeParse({ ...others, name });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
    const where = issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : path?.slice(1);
    throw new AppError(
      'REQUEST_INVALID',
      `${where} ${issue?.code === 'unrecognized_keys' ? 'is unknown' : issue?.message}`,
    );
  }
  const said = Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value !== undefined));
  const all = { ...NOTHING, ...before, ...said, name: subjectName(name) } as SubjectFields;
  if (all.validFromMs !== null && all.validUntilMs !== null && all.validFromMs >= all.validUntilMs) {
    throw new AppError('REQUEST_INVALID', 'validUntil must be later than validFrom');
  }
  return all;
}
