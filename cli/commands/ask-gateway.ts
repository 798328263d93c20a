import { AppError } from '../../config/app-error.ts';
import { ERROR_CODES, type ErrorCode } from '../../config/error-codes.ts';
import { interpolate } from '../../config/interpolate.ts';
import { redact } from '../../config/redact.ts';
import type { Settings } from '../../config/settings-schema.ts';
import type { CommandContext } from './command-context.ts';
import { readFileSettings } from './settings-options.ts';

export interface GatewayCallOptions {
  config?: string;
  url?: string;
  key?: string;
}

const ANSWER_MS = 30_000;
const USUAL_URL = 'http://127.0.0.1:8080';

/**
 * Asks a gateway that runs, by its REST API.
 *
 * @returns the answer's JSON.
 * @throws {AppError} what the gateway said; USAGE where it cannot be reached or its address is none.
 */
export async function askGateway(
  method: 'GET' | 'POST',
  path: string,
  options: GatewayCallOptions,
  context: CommandContext,
): Promise<unknown> {
  const settings = options.config === undefined ? null : readFileSettings({ config: options.config }, context).settings;
  const only = settings?.tenants.length === 1 && options.url === undefined ? settings.tenants[0] : undefined;
  if (only) {
    throw new AppError('USAGE', `${options.config} has one tenant, "${only.id}", which runs without a gateway to ask`);
  }
  const base = baseOf(options.url ?? (settings === null ? USUAL_URL : urlOf(settings)));
  const key = keyOf(options.key, context) ?? keyFor(settings, method === 'GET' ? 'read' : 'admin');
  // Others' `ps` would show it for as long as this takes.
  if (options.key !== undefined) process.title = 'facegate tenants';
  let answer: Response;
  try {
    answer = await fetch(new URL(path, base), {
      method,
      headers: key === null ? {} : { authorization: `Bearer ${key}` },
      // An address of ours that leads elsewhere is not one of a gateway's, and would be given the key.
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch (cause) {
    const { code, message } = ((cause as Error).cause ?? cause) as NodeJS.ErrnoException;
    throw new AppError(
      'USAGE',
      `no gateway answers at ${redact(base.href)} (${code ?? message}); --url says where it is`,
      { cause },
    );
  }
  const body: unknown = await answer.json().catch(() => null);
  if (answer.ok && body !== null) return body;
  throw refusal(answer.status, body, base);
}

function refusal(status: number, body: unknown, base: URL): AppError {
  const { code, message } = (body ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && Object.hasOwn(ERROR_CODES, code) && typeof message === 'string') {
    if (code === 'NOT_FOUND') return new AppError('USAGE', `what answers at ${redact(base.href)} is no gateway`);
    return new AppError(code as ErrorCode, message);
  }
  return new AppError('USAGE', `what answers at ${redact(base.href)} is no gateway (status ${status})`);
}

function baseOf(url: string): URL {
  const base = URL.canParse(url) ? new URL(url) : null;
  if (base && (base.username !== '' || base.password !== '')) {
    throw new AppError('USAGE', '--url takes no user name and password; a gateway wants a key: --key');
  }
  if (base && (base.protocol === 'http:' || base.protocol === 'https:')) return base;
  throw new AppError('USAGE', `--url must be an address like ${USUAL_URL}, got "${redact(url)}"`);
}

/** Where the gateway of these settings is reached from this machine. */
function urlOf({ server: { host, port, tls } }: Settings): string {
  const any = host === '0.0.0.0' || host === '::' || host === '[::]';
  const name = any ? '127.0.0.1' : host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return `${tls ? 'https' : 'http'}://${name}:${port}`;
}

function keyOf(given: string | undefined, { env }: CommandContext): string | null {
  if (given === undefined) return null;
  const { value, missing } = interpolate(given, env);
  if (missing[0]) {
    throw new AppError(
      'CONFIG_SECRET_MISSING',
      `--key needs the environment variable ${missing[0].variable}, which is not set`,
    );
  }
  return value as string;
}

function keyFor(settings: Settings | null, scope: 'read' | 'admin'): string | null {
  const fits = settings?.keys.find(({ scopes }) => scopes.includes(scope) || scopes.includes('admin'));
  return fits?.key ?? null;
}
