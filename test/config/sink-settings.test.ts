import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseByteSize } from '../../config/byte-size.ts';
import { EVENT_TYPES } from '../../config/event-types.ts';
import { loadSettings } from '../../config/load-settings.ts';
import { newWebhookSecret } from '../../config/webhook-secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'facegate-sinks-'));
afterAll(() => rmSync(folder, { recursive: true }));

const CAMERA_AND_DOOR =
  'cameras: [{ id: front, url: "test:" }]\ndoors: [{ id: lobby, cameras: [front], allow: [Ada] }]\n';

function load(text: string) {
  const file = join(folder, 'facegate.yaml');
  writeFileSync(file, CAMERA_AND_DOOR + text);
  return loadSettings({ file, env: {} }).settings;
}

describe('sinks', () => {
  it('have ids of their own: the type, or the type and a number, and never one that is written', () => {
    const { sinks } = load(`sinks:
  - { type: file, path: a.jsonl }
  - { type: file, id: file-2, path: b.jsonl }
  - { type: file, path: c.jsonl }
  - { type: mqtt, url: "mqtt://broker" }`);
    expect(sinks.map(({ id }) => id)).toEqual(['file', 'file-2', 'file-3', 'mqtt']);
    expect(sinks[0]).toMatchObject({ path: join(folder, 'a.jsonl'), maxBytes: 10_000_000, keep: 5 });
  });

  it('are none where nothing is said, and the log keeps what the documentation says', () => {
    const { sinks, events } = load('');
    expect(sinks).toEqual([]);
    expect(events).toEqual({
      keep: { days: 90, count: 1_000_000 },
      snapshots: {
        keep: 'off',
        for: ['access.granted', 'access.denied'],
        retention: { age: 604_800_000, bytes: 1e9 },
        quality: 80,
      },
    });
    expect(load('events: { keep: { bytes: 512 MiB } }').events.keep.bytes).toBe(536_870_912);
  });

  it.each([
    ['- { type: kafka }', 'sinks[0].type must be webhook, mqtt or file, got "kafka" (line 4)'],
    ['- { path: a.jsonl }', 'sinks[0].type is missing (line 4)'],
    ['- file', 'sinks[0] must be a mapping of settings, got "file" (line 4)'],
    ['- { type: file }', 'sinks[0].path is missing (line 4)'],
    ['- { type: file, path: a, url: x }', 'sinks[0].url is not a setting'],
    ['- { type: mqtt, url: "mqtt://x", topics: a }', 'sinks[0].topics is not a setting; did you mean topic? (line 4)'],
    ['- { type: file, path: a, maxBytes: 10 }', 'sinks[0].maxBytes must be a size like "10 MB"'],
    ['- { type: file, path: a, maxBytes: 1 KB }', 'sinks[0].maxBytes must be between 10 KB and 10 GB, got "1 KB"'],
    ['- { type: file, path: a, types: [acess.granted] }', 'did you mean access.granted?'],
    ['- { type: file, path: a, types: [x] }', `must be one of ${EVENT_TYPES.join(', ')}, got "x"`],
    ['- { type: file, path: a, doors: [loby] }', 'sinks[0].doors[0] names no door, got "loby"; did you mean lobby?'],
    ['- { type: mqtt, url: "tcp://x" }', 'sinks[0].url must be an address like mqtt://host:1883 or mqtts://host:8883'],
    ['- { type: mqtt, url: "mqtt://x/topic" }', 'sinks[0].url must be an address like mqtt://host:1883'],
    [
      '- { type: mqtt, url: "mqtt://ada:secret@x" }',
      'sinks[0].url must not hold a user name or password: set "username" and "password", got "mqtt://***@x"',
    ],
    ['- { type: mqtt, url: "mqtt://x", ca: a.pem }', 'sinks[0].ca must not be set without mqtts://, got "a.pem"'],
    [
      '- { type: mqtt, url: "mqtt://x", insecure: true }',
      'sinks[0].insecure must not be true without mqtts://, got true',
    ],
    ['- { type: mqtt, url: "mqtts://x", ca: a, insecure: true }', 'sinks[0].insecure must not be true where "ca" says'],
    [
      '- { type: mqtt, url: "mqtt://x", password: abc }',
      'sinks[0].password must not be set without a username, got 3 characters',
    ],
    ['- { type: mqtt, url: "mqtt://x", topic: "a/+" }', 'sinks[0].topic must be an MQTT topic without "+"'],
    ['- { type: mqtt, url: "mqtt://x", clientId: "a b" }', 'sinks[0].clientId must be 1 to 23 printable characters'],
    [
      '- { type: file, id: a, path: a }\n  - { type: mqtt, id: a, url: "mqtt://x" }',
      'sinks[1].id must be unique, got "a" again (sinks[0])',
    ],
    [
      '- { type: file, path: logs/a }\n  - { type: webhook, url: "https://x/", secrets: [SECRET] }\n  - { type: file, path: ./logs/a }',
      'sinks[2].path must be unique, got "logs/a" again (sinks[0])',
    ],
    [
      '- { type: mqtt, id: a, url: "mqtt://x" }\n  - { type: mqtt, id: b, url: "mqtt://x" }',
      'sinks[1].topic must differ from that of sinks[0], which has the same broker: each would take the other for gone',
    ],
    [
      '- { type: mqtt, id: a, url: "mqtt://x", clientId: me }\n  - { type: mqtt, id: b, url: "mqtt://x", clientId: me, topic: b }',
      'sinks[1].clientId must differ from that of sinks[0], which has the same broker: the broker ends the one',
    ],
    ['- { type: webhook, secrets: [SECRET] }', 'sinks[0].url is missing'],
    ['- { type: webhook, url: "https://x/" }', 'sinks[0].secrets is missing'],
    ['- { type: webhook, url: "https://x/", secrets: [] }', 'sinks[0].secrets must have at least one secret'],
    [
      '- { type: webhook, url: "https://x/", secrets: [topsecret] }',
      'sinks[0].secrets[0] must start with "whsec_"; "facegate sinks secret" makes one, got 9 characters',
    ],
    [
      '- { type: webhook, url: "https://x/", secrets: ["whsec_!!!!"] }',
      'sinks[0].secrets[0] must be "whsec_" and base64 (A–Z, a–z, 0–9, "+", "/", with its "=" at the end)',
    ],
    [
      `- { type: webhook, url: "https://x/", secrets: [SECRET, "whsec_${Buffer.alloc(23).toString('base64')}"] }`,
      'sinks[0].secrets[1] must hold 24 to 64 bytes after "whsec_", it holds 23; "facegate sinks secret" makes one',
    ],
    [
      `- { type: webhook, url: "https://x/", secrets: ["whsec_${Buffer.alloc(65).toString('base64')}"] }`,
      'must hold 24 to 64 bytes after "whsec_", it holds 65',
    ],
    [
      '- { type: webhook, url: "http://ada:topsecret@10.0.0.5/hook", secrets: [SECRET] }',
      'sinks[0].url must start with https:// beyond this machine; "insecure: true" allows http:// all the same',
    ],
    [
      '- { type: webhook, url: "http://127.0.0.1.example.com/", secrets: [SECRET] }',
      'sinks[0].url must start with https:// beyond this machine',
    ],
    [
      '- { type: webhook, url: "ftp://x/", secrets: [SECRET] }',
      'sinks[0].url must be an address like https://host/path, got "ftp://x/"',
    ],
    [
      '- { type: webhook, url: "example.com/hook", secrets: [SECRET] }',
      'sinks[0].url must be an address like https://host/path',
    ],
    [
      '- { type: webhook, url: "https://ada:topsecret%zz@example.com/", secrets: [SECRET] }',
      'sinks[0].url must write a "%" of the user name or password as "%25"',
    ],
    // Whoever knows the path may post there.
    [
      '- { type: webhook, url: "http://hooks.example.com/topsecret?a=topsecret", secrets: [SECRET] }',
      'got "http://hooks.example.com/***"',
    ],
    ['- { type: webhook, url: "hooks.example.com/topsecret", secrets: [SECRET] }', 'got "hooks.example.com/***"'],
  ])('refuses %s', (sink, message) => {
    const text = sink.replace('SECRET', newWebhookSecret());
    expect(() => load(`sinks:\n  ${text}`)).toThrow(message);
    expect(() => load(`sinks:\n  ${text}`)).not.toThrow('topsecret');
  });

  it.each([
    'url: "https://example.com/hook"',
    'url: "https://ada:secret@example.com:8443/hook?x=1"',
    'url: "http://localhost:9000/"',
    'url: "http://127.8.0.1/"',
    'url: "http://[::1]:9000/"',
    'url: "http://10.0.0.5/hook", insecure: true',
  ])('take a webhook with %s', (url) => {
    const secrets = `["${newWebhookSecret()}", "whsec_${Buffer.alloc(24).toString('base64')}"]`;
    expect(load(`sinks: [{ type: webhook, ${url}, secrets: ${secrets} }]`).sinks).toHaveLength(1);
  });
});

describe('parseByteSize', () => {
  it.each([
    ['10 MB', 10_000_000],
    ['10mb', 10_000_000],
    ['1.5 GB', 1_500_000_000],
    ['512 KiB', 524_288],
    ['7 B', 7],
    ['10', null],
    ['MB', null],
    ['-1 MB', null],
    ['10 XB', null],
  ])('reads %j as %j', (text, bytes) => expect(parseByteSize(text)).toBe(bytes));
});
