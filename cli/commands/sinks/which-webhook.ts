import { AppError } from '../../../config/app-error.ts';
import type { SinkSettings, WebhookSettings } from '../../../config/sink-settings.ts';

/** The webhook of that id; without one, the only webhook that there is. */
export function whichWebhook(sinks: readonly SinkSettings[], id: string | undefined): WebhookSettings {
  const webhooks = sinks.filter((sink) => sink.type === 'webhook');
  const known = webhooks.map((webhook) => webhook.id).join(', ');
  if (webhooks.length === 0) {
    throw new AppError('SINK_NOT_FOUND', 'the settings have no webhook; -c names the configuration file');
  }
  if (id === undefined) {
    if (webhooks.length === 1) return webhooks[0] as WebhookSettings;
    throw new AppError('USAGE', `there are several webhooks, say which one: ${known}`);
  }
  const found = webhooks.find((webhook) => webhook.id === id);
  if (found) return found;
  const other = sinks.find((sink) => sink.id === id);
  const why = other ? `the sink "${id}" is of the type ${other.type}` : `there is no sink "${id.slice(0, 64)}"`;
  throw new AppError('SINK_NOT_FOUND', `${why}; webhooks are: ${known}`);
}
