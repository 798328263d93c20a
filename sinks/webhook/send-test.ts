import { AppError } from '../../config/app-error.ts';
import type { Clock } from '../../pipeline/ports.ts';
import { uuidV7 } from '../../pipeline/uuid-v7.ts';
import { answerWords } from './answer-words.ts';
import type { WebhookEndpoint } from './webhook-endpoint.ts';

export interface WebhookTest {
  /** The receiver answered with 2xx. */
  readonly delivered: boolean;
  /** Null when no answer came. */
  readonly status: number | null;
  /** What came back, in words. */
  readonly message: string;
  readonly ms: number;
}

/** Posts an event of the type `test` once, signed like all others. It opens no door: it says `replay: true`. */
export async function sendTest(
  endpoint: WebhookEndpoint,
  { tenant, clock }: { tenant: string; clock: Clock },
): Promise<WebhookTest> {
  const nowMs = clock.wallMs();
  const id = uuidV7(nowMs);
  const data = { id, type: 'test', tenant, replay: true };
  const body = JSON.stringify({ type: 'test', timestamp: new Date(nowMs).toISOString(), data });
  const begunMs = clock.monotonicMs();
  const answer = await endpoint.post({ id, body }, new AbortController().signal).catch((error) => AppError.from(error));
  const ms = Math.round(clock.monotonicMs() - begunMs);
  if (answer instanceof AppError) return { delivered: false, status: null, message: answer.message, ms };
  const { status } = answer;
  const delivered = status >= 200 && status < 300;
  return { delivered, status, message: `${endpoint.origin} ${answerWords(status)}`, ms };
}
