import { z } from 'zod';
import { EVENT_TYPES, eventTypeExpectation } from './event-types.ts';
import { byteSize, id, text, whole } from './setting-types.ts';

// Where events go besides those who ask for them. How to add a kind: docs/architecture.md.

/** What every kind of sink takes. */
const anySink = {
  id: id
    .optional()
    .describe(
      'Its name in messages and metrics, and what its place in the event log is kept under; unique. Default: the type, then `webhook-2`, … by their order here: name them where there are several.',
    ),
  types: z
    .array(z.enum(EVENT_TYPES, { error: ({ input }) => eventTypeExpectation(input) }))
    .min(1, 'must name at least one event type')
    .optional()
    .meta({ words: 'list of event types' })
    .describe('Only events of these types (docs/protocol.md names them). Default: all.'),
  doors: z
    .array(id)
    .min(1, 'must name at least one door')
    .optional()
    .meta({ words: 'list of door ids' })
    .describe('Only events of these doors; what is of no door is left out. Default: all.'),
};

const prefix = z
  .string()
  .regex(/^[^+#\s/]+(?:\/[^+#\s/]+)*$/, 'must be an MQTT topic without "+", "#", spaces and empty levels')
  .max(200, 'must have at most 200 characters');

const webhook = z.strictObject({
  type: z.literal('webhook').describe('POSTs each event to an address, signed (Standard Webhooks).'),
  ...anySink,
  url: text(2048).describe('Where to: `https://…`, or `http://…` within a network that is trusted.'),
  secrets: z
    .array(text(512))
    .min(1, 'must have at least one secret')
    .max(4, 'must have at most 4 secrets')
    .meta({ words: 'list of secrets `whsec_…`' })
    .describe(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what one writes in the file.
      'What it signs with, each one (base64 of 24 to 64 bytes after `whsec_`); several while one takes the place of another. Better from the environment: `${HOOK_SECRET}`.',
    ),
});

const mqtt = z.strictObject({
  type: z.literal('mqtt').describe('Publishes each event to an MQTT broker, QoS 1.'),
  ...anySink,
  url: text(2048).describe('The broker: `mqtt://host:1883`, or `mqtts://host:8883` for TLS.'),
  username: text(256).optional().describe('User name at the broker.'),
  password: text(512)
    .optional()
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what one writes in the file.
    .describe('Its password; better from the environment: `${MQTT_PASSWORD}`.'),
  version: z
    .union([z.literal(5), z.literal(4)], { error: 'must be 5 (MQTT 5.0) or 4 (MQTT 3.1.1)' })
    .default(5)
    .meta({ words: '`5` (MQTT 5.0), `4` (MQTT 3.1.1)' })
    .describe('Version of the protocol.'),
  ca: text(4096)
    .optional()
    .describe('File with the certificates (PEM) that are trusted instead of the usual authorities.'),
  topic: prefix.default('facegate').meta({ words: 'an MQTT topic' }).describe('What all topics begin with.'),
  homeAssistant: z
    .union([z.boolean(), z.strictObject({ prefix })], { error: 'must be true, false or { prefix: homeassistant }' })
    .default(true)
    .meta({ words: '`true`, `false`, `{ prefix: … }`' })
    .describe('Announce cameras and doors to Home Assistant (prefix `homeassistant`).'),
  frigate: z
    .union([z.literal(false), z.strictObject({ prefix })], { error: 'must be false or { prefix: frigate }' })
    .default(false)
    .meta({ words: '`false`, `{ prefix: … }`' })
    .describe("Say who was recognised in Frigate's words as well, under this prefix."),
  commands: z
    .boolean()
    .default(false)
    .describe('Whether the lock-down switch may be set over MQTT: whoever may publish at the broker can then set it.'),
});

const file = z.strictObject({
  type: z.literal('file').describe('Appends each event to a file, one line of JSON.'),
  ...anySink,
  path: text(4096).describe('The file; relative to the settings. Its folder is made when it is not there.'),
  maxBytes: byteSize('10 KB', '10 GB')
    .prefault('10 MB')
    .describe('Before it grows larger it becomes `….1`, `….1` becomes `….2`, and a new one is begun.'),
  keep: whole(1, 1000).default(5).describe('So many older files are kept.'),
});

const sink = z.discriminatedUnion('type', [webhook, mqtt, file], {
  error: ({ input }) =>
    input !== null && typeof input === 'object' ? 'must be webhook, mqtt or file' : 'must be a mapping of settings',
});

export const sinksSchema = z
  .array(sink)
  .max(32, 'must have at most 32 members')
  .default([])
  .transform((sinks) => withIds(sinks));

export type SinkInput = z.output<typeof sink>;
export type SinkSettings = SinkInput & { readonly id: string };
export type WebhookSettings = Extract<SinkSettings, { type: 'webhook' }>;
export type MqttSettings = Extract<SinkSettings, { type: 'mqtt' }>;
export type FileSinkSettings = Extract<SinkSettings, { type: 'file' }>;

/** `webhook`, then `webhook-2`; an id that is written is nobody else's. */
function withIds(sinks: readonly SinkInput[]): SinkSettings[] {
  const taken = new Set(sinks.map((one) => one.id));
  return sinks.map((one) => {
    if (one.id !== undefined) return one as SinkSettings;
    let free: string = one.type;
    for (let n = 2; taken.has(free); n += 1) free = `${one.type}-${n}`;
    taken.add(free);
    return { ...one, id: free };
  });
}

export const eventsSchema = z.strictObject({
  keep: z
    .strictObject({
      days: whole(1, 3650).default(90).describe('Events older than so many days are deleted.'),
      count: whole(1000, 100_000_000).default(1_000_000).describe('The newest so many are kept at most.'),
      bytes: byteSize('1 MB', '1 TB')
        .optional()
        .describe('The event log takes at most this much of the disk; the oldest go first. Default: no limit.'),
    })
    .prefault({}),
});
