/**
 * The entry of a process that opens model files of which nothing is known yet. A file that brings it down brings down
 * nothing else. It lives as long as its parent wants it to.
 */
import { createHash } from 'node:crypto';
import { AppError } from '../../config/app-error.ts';
import { describeModel } from '../onnx/describe-model.ts';
import { toWire } from '../processes/process-messages.ts';
import { readVerifiedBytes } from '../runtime/verified-bytes.ts';
import type { FromInspector, InspectAnswers, InspectRequest, ModelFacts, ToInspector } from './inspect-messages.ts';
import { tryLoading, tryProvider } from './try-loading.ts';
import { tryOnFace } from './try-on-face.ts';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit(0));

let last: Promise<void> = Promise.resolve();

process.on('message', (message: ToInspector) => {
  last = last.then(() => answer(message));
});

async function answer(message: ToInspector): Promise<void> {
  const { id } = message;
  try {
    send({ id, answer: await work(message) });
  } catch (error) {
    // What is thrown by damaged bytes may be anything; it says that the file is no model that we take.
    send({ id, error: toWire(AppError.from(error, 'MODEL_INVALID')) });
  }
}

async function work(request: InspectRequest): Promise<InspectAnswers[keyof InspectAnswers]> {
  switch (request.type) {
    case 'describe':
      return describe(request.path);
    case 'load':
      return tryLoading(request.model);
    case 'provider':
      return tryProvider(request.model, request.provider);
    case 'face':
      return tryOnFace(request);
  }
}

async function describe(path: string): Promise<ModelFacts> {
  const bytes = await readVerifiedBytes({ name: path, sha256: null }, path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { bytes: bytes.length, sha256, ...describeModel(bytes) };
}

function send(message: FromInspector): void {
  // The parent may go at any moment; 'disconnect' then ends us.
  process.send?.(message, undefined, undefined, () => {});
}
