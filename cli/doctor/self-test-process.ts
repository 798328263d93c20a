/** A process that tries one execution provider, says what happened and ends: a driver may take it with it. */
import { AppError } from '../../config/app-error.ts';
import { selfTest } from '../../models/runtime/self-test.ts';
import type { SelfTestAnswer, SelfTestRequest } from './run-self-test.ts';

process.once('message', async ({ provider, device }: SelfTestRequest) => {
  const answer: SelfTestAnswer = await selfTest(provider, device).then((result) => ({ state: 'ran', result }), failed);
  process.send?.(answer, undefined, undefined, () => process.exit());
});

function failed(error: unknown): SelfTestAnswer {
  const { message, details } = AppError.from(error);
  return { state: 'failed', why: String(details?.why ?? message), toInstall: String(details?.toInstall ?? '') };
}
