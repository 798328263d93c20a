import { z } from 'zod';
import { brokerUrlProblem } from './broker-url-problem.ts';
import { EVENT_TYPES, eventTypeExpectation, PICTURED_TYPES } from './event-types.ts';
import { byteSize, duration, id, text, whole } from './setting-types.ts';
import { webhookSecretProblem } from './webhook-secret.ts';

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

const secret = text(512).superRefine((value, context) => {
  const problem = webhookSecretProblem(value);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
});

const webhook = z.strictObject({
  type: z.literal('webhook').describe('POSTs each event to an address, signed (Standard Webhooks).'),
  ...anySink,
  url: text(2048).describe(
    'Where to: `https://…`, or `http://…` on this machine. A user name and password in it are sent as basic authentication.',
  ),
  secrets: z
    .array(secret)
    .min(1, 'must have at least one secret')
    .max(4, 'must have at most 4 secrets')
    .meta({ words: 'list of secrets `whsec_…`' })
    .describe(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what one writes in the file.
      'What it signs with, each one (`facegate sinks secret` makes one); several while one takes the place of another. Better from the environment: `${HOOK_SECRET}`.',
    ),
  insecure: z
    .boolean()
    .default(false)
    .describe('Allow `http:` beyond this machine: whoever is on the way can read who passes which door.'),
  ca: text(4096)
    .optional()
    .describe('File with the certificates (PEM) that are trusted instead of the usual authorities.'),
});

const mqtt = z
  .strictObject({
    type: z.literal('mqtt').describe('Publishes each event to an MQTT broker, QoS 1.'),
    ...anySink,
    url: text(2048)
      .superRefine((url, context) => {
        const problem = brokerUrlProblem(url);
        if (problem !== null) context.addIssue({ code: 'custom', message: problem });
      })
      .describe('The broker: `mqtt://host:1883`, or `mqtts://host:8883` for TLS.'),
    username: text(256).optional().describe('User name at the broker.'),
    password: text(512)
      .optional()
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what one writes in the file.
      .describe('Its password; better from the environment: `${MQTT_PASSWORD}`.'),
    clientId: z
      .string()
      .regex(/^[\x21-\x7e]{1,23}$/, 'must be 1 to 23 printable characters without spaces')
      .optional()
      .meta({ words: '1 to 23 characters' })
      .describe(
        'Who it is to the broker; nobody else may use it there. Default: made of the machine, the data folder and the id, so that it stays the same.',
      ),
    version: z
      .union([z.literal(5), z.literal(4)], { error: 'must be 5 (MQTT 5.0) or 4 (MQTT 3.1.1)' })
      .default(5)
      .meta({ words: '`5` (MQTT 5.0), `4` (MQTT 3.1.1)' })
      .describe('Version of the protocol. Only with 5 does a broker throw away grants that nobody fetched in time.'),
    ca: text(4096)
      .optional()
      .describe(
        'File with the certificates (PEM) that are trusted instead of the usual authorities; relative to the settings.',
      ),
    insecure: z
      .boolean()
      .default(false)
      .describe("`true`: the broker's certificate is not looked at. Anybody on the way can then pass for the broker."),
    topic: prefix
      .default('facegate')
      .meta({ words: 'an MQTT topic' })
      .describe('What all topics begin with. At one broker, no two sinks have the same.'),
    names: z
      .boolean()
      .default(true)
      .describe(
        '`false`: the topics that the broker keeps say `known` instead of who was seen last. Events are whole.',
      ),
    homeAssistant: z
      .union([z.boolean(), z.strictObject({ prefix })], { error: 'must be true, false or { prefix: homeassistant }' })
      .default(true)
      .meta({ words: '`true`, `false`, `{ prefix: … }`' })
      .describe('Announce cameras and doors to Home Assistant (prefix `homeassistant`).'),
    frigate: z
      .union([z.boolean(), z.strictObject({ prefix })], { error: 'must be true, false or { prefix: frigate }' })
      .default(false)
      .meta({ words: '`true`, `false`, `{ prefix: … }`' })
      .describe("Say who was recognised in Frigate's words as well (prefix `frigate`)."),
    commands: z
      .boolean()
      .default(false)
      .describe(
        'Whether the lock-down switch may be set over MQTT: whoever may publish at the broker can then set it.',
      ),
  })
  .superRefine(({ url, ca, insecure, username, password }, context) => {
    const add = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    const tls = url.startsWith('mqtts:');
    if (!tls && ca !== undefined) add('ca', 'must not be set without mqtts://');
    if (!tls && insecure) add('insecure', 'must not be true without mqtts://');
    if (insecure && ca !== undefined) add('insecure', 'must not be true where "ca" says whom to trust');
    if (password !== undefined && username === undefined) add('password', 'must not be set without a username');
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
  snapshots: z
    .strictObject({
      keep: z
        .enum(['off', 'crop', 'frame'])
        .default('off')
        .describe(
          'Keep a picture of the moment with each event that rests on a face, sealed: the face with its surroundings (`crop`), or all that the camera saw (`frame`), with everybody else in it. Read with the scope `pictures` (docs/security.md#pictures-of-events).',
        ),
      for: z
        .array(z.enum(PICTURED_TYPES, { error: `must be ${PICTURED_TYPES.slice(0, -1).join(', ')} or person.seen` }))
        .min(1, 'must name at least one event type')
        .default(['access.granted', 'access.denied'])
        .meta({ words: `list of ${PICTURED_TYPES.map((type) => `\`${type}\``).join(', ')}` })
        .describe('Events that get one.'),
      retention: z
        .strictObject({
          age: duration('1m', '3650d')
            .prefault('7d')
            .describe('A picture is deleted after so long, or with its event where that goes first.'),
          bytes: byteSize('1 MB', '1 TB')
            .prefault('1 GB')
            .describe('The pictures take at most this much of the disk; the oldest go first.'),
        })
        .prefault({}),
      width: whole(64, 3840)
        .optional()
        .describe('A wider picture is scaled down to this, pixels. Default: 480 for `crop`, 1280 for `frame`.'),
      quality: whole(30, 100).default(80).describe('Quality of the JPEG.'),
    })
    .prefault({}),
});

export type SnapshotSettings = z.output<typeof eventsSchema>['snapshots'];
