import type { FastifyReply } from 'fastify';
import { AppError } from '../config/app-error.ts';

/**
 * Fires when the caller is gone before the answer was sent. Fastify's `request.signal` will not do: it fires as soon as
 * the body has been read.
 */
export function hangUpSignal({ raw }: Pick<FastifyReply, 'raw'>): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort(new AppError('REQUEST_INVALID', 'the caller hung up'));
  });
  return controller.signal;
}
