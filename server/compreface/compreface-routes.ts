import { AppError } from '../../config/app-error.ts';
import { pathOf } from '../path-of.ts';
import type { PictureDesk } from '../pictures/picture-desk.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';
import { addFaceCall } from './add-face-call.ts';
import { answerComprefaceError } from './answer-compreface-error.ts';
import { createComprefaceDesk } from './compreface-desk.ts';
import { ComprefaceError } from './compreface-error.ts';
import { embeddingCalls } from './embedding-calls.ts';
import { faceCalls } from './face-calls.ts';
import { pictureCalls } from './picture-calls.ts';
import { COMPREFACE_PREFIX, isComprefaceOption } from './repair-url.ts';
import { subjectCalls } from './subject-calls.ts';

/** CompreFace's REST API, for the clients that people have already, over the same gallery, networks and decisions. */
export async function comprefaceRoutes(app: ServerApp, pictures: PictureDesk, parts: ServerParts): Promise<void> {
  const desk = createComprefaceDesk(pictures, parts);
  await app.register(
    async (scope: ServerApp) => {
      scope.setErrorHandler(answerComprefaceError);
      scope.setNotFoundHandler((request) => {
        throw new AppError('NOT_FOUND', `there is nothing at ${request.method} ${pathOf(request.url)}`);
      });
      // Also while facegate has no key, when any value will do: no page of a browser can send this header unasked, and a
      // client that forgets it hears so on the first day and not when the first key is made.
      scope.addHook('onRequest', async ({ headers, is404 }) => {
        if (!is404 && !headers['x-api-key']) throw new ComprefaceError(20, 'Missing header: x-api-key');
      });
      // An option without a value is one that was left out.
      scope.addHook('preValidation', async ({ query }) => {
        const options = query as Record<string, unknown>;
        for (const name of Object.keys(options)) {
          if (options[name] === '' && isComprefaceOption(name)) delete options[name];
        }
      });
      scope.addHook('onRoute', (route) => {
        route.schema = { ...route.schema, security: [{ apiKey: [] }] };
      });
      const parse = scope.getDefaultJsonParser('error', 'error');
      scope.removeContentTypeParser('application/json');
      // The SDK names a type also where it sends nothing.
      scope.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
        if (body === '') done(null, undefined);
        else parse(request, body as string, done);
      });
      subjectCalls(scope, parts);
      faceCalls(scope, parts);
      embeddingCalls(scope, desk, parts);
      await scope.register(async (streams: ServerApp) => {
        streams.removeContentTypeParser(['application/json', 'text/plain']);
        // Read when it is this request's turn, so that waiting ones hold no pictures.
        streams.addContentTypeParser('application/json', (_request, body, done) => done(null, body));
        pictureCalls(streams, desk, parts);
        addFaceCall(streams, desk, parts);
      });
    },
    { prefix: COMPREFACE_PREFIX },
  );
}
