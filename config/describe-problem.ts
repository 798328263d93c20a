import type { z } from 'zod';
import type { SettingPath } from './interpolate.ts';
import { nearestName } from './nearest-name.ts';
import { redact } from './redact.ts';
import { keysAt, settingsReference } from './settings-reference.ts';

/** Something wrong with one setting, in words that name the key as it is written. */
export interface Problem {
  readonly path: SettingPath;
  readonly message: string;
}

/** How a message shows a value. */
export type DescribeValue = (value: unknown, path: SettingPath) => string;

/** `cameras[2].fps`. */
export function keyName(path: SettingPath): string {
  return path.reduce<string>((name, step) => {
    if (typeof step === 'number') return `${name}[${step}]`;
    return name === '' ? shown(step) : `${name}.${shown(step)}`;
  }, '');
}

/** One issue of the schema as one problem for each setting it is about. `input` is what was validated. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  input: unknown,
  describe: DescribeValue = describeValue,
): Problem[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(path, key) }));
  }
  const got = valueAt(input, path);
  const name = keyName(path) || 'the configuration';
  if (got === undefined) return [{ path, message: `${name} is missing` }];
  return [{ path, message: `${name} ${expectation(issue)}, got ${describe(got, path)}` }];
}

/** A value as a message may show it: short, on one line and without secrets. */
export const describeValue: DescribeValue = (value, path) => {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return String(value);
  if (isSecret(path)) return `${value.length} characters`;
  const redacted = hideCredentials(value);
  return JSON.stringify(shown(isSinkUrl(path) ? withoutPath(redacted) : redacted));
};

/** True for settings whose values no message may show. */
function isSecret(path: SettingPath): boolean {
  const name = path.findLast((step) => typeof step === 'string') ?? '';
  return /key$|pass|secret|token/i.test(name);
}

/** Whoever knows the path of a webhook may post to it. */
function isSinkUrl([section, , name]: SettingPath): boolean {
  return section === 'sinks' && name === 'url';
}

/** Also where somebody forgot the scheme. */
function withoutPath(url: string): string {
  return url.replace(/^([a-z][\w+.-]*:\/\/[^/?#]*|(?![a-z][\w+.-]*:\/\/)[^/?#]*)[/?#].+$/is, '$1/***');
}

/** Like `redact`, and also where somebody forgot the scheme: `admin:secret@10.0.0.5/stream`. */
function hideCredentials(value: string): string {
  const redacted = redact(value);
  const at = redacted.lastIndexOf('@');
  return at < 0 || redacted.slice(0, at).endsWith('***') ? redacted : `***${redacted.slice(at)}`;
}

function shown(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return clean.length > 80 ? `${clean.slice(0, 80)}…` : clean;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      // The schema's own words where it has some; they begin with "must".
      return issue.message.startsWith('must')
        ? issue.message
        : `must be ${TYPE_WORDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      if (issue.message.startsWith('must')) return issue.message;
      return `must be ${oneOf(issue.values.map(String))}`;
    case 'invalid_union':
      return issue.message.startsWith('must') ? issue.message : 'has a wrong type';
    case 'too_small':
    case 'too_big':
      if (issue.message.startsWith('must')) return issue.message;
      return `must be at ${issue.code === 'too_small' ? `least ${issue.minimum}` : `most ${issue.maximum}`}`;
    default:
      return issue.message.startsWith('must') ? issue.message : 'is not valid';
  }
}

const TYPE_WORDS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of settings',
};

function oneOf(values: readonly string[]): string {
  return values.length < 2 ? values.join() : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

function unknownKey(path: SettingPath, key: string): string {
  const name = keyName([...path, key]);
  const here = keysAt(path) ?? [];
  const near = nearestName(key, here);
  if (near) return `${name} is not a setting; did you mean ${near}?`;
  const elsewhere = settingsReference().find((setting) => setting.key.split('.').at(-1) === key);
  if (elsewhere) return `${name} is not a setting; did you mean ${elsewhere.key}?`;
  return `${name} is not a setting; known here: ${here.join(', ')}`;
}

function valueAt(input: unknown, path: SettingPath): unknown {
  let value = input;
  for (const step of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}
