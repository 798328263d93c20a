import { normalize } from 'node:path';
import { checkTenants } from './check-tenants.ts';
import { type DescribeValue, describeValue, keyName, type Problem } from './describe-problem.ts';
import { LIVENESS_SCORERS } from './door-settings.ts';
import { runsOnDevice, shortProviderName } from './execution-providers.ts';
import type { SettingPath } from './interpolate.ts';
import { nearestName } from './nearest-name.ts';
import type { Settings } from './settings-schema.ts';
import { webhookUrlProblem } from './webhook-url.ts';

/**
 * What the schema cannot see: settings that are well formed, each by itself, and do not fit together. Takes settings that
 * the schema refused too, so that all problems are found at once; what is malformed is passed over here.
 */
export function crossCheck(settings: unknown, describe: DescribeValue = describeValue): Problem[] {
  const cameras = members(settings, 'cameras');
  const doors = members(settings, 'doors');
  return [
    ...repeated('cameras', 'id', cameras),
    ...repeated('doors', 'id', doors),
    ...repeated('keys', 'name', members(settings, 'keys')),
    ...repeated('sinks', 'id', members(settings, 'sinks')),
    ...repeated('sinks', 'path', members(settings, 'sinks').map(withPlainPath)),
    ...brokerNames(members(settings, 'sinks'), 'clientId', 'the broker ends the one when the other connects'),
    ...brokerNames(members(settings, 'sinks'), 'topic', 'each would take the other for gone'),
    ...unknownDoors(doors, members(settings, 'sinks'), describe),
    ...webhookUrls(members(settings, 'sinks'), describe),
    ...cameras.flatMap(({ url, failover }, i) => [
      ...(typeof url === 'string' && url !== '' ? cameraUrl(url, ['cameras', i, 'url'], describe) : []),
      ...(Array.isArray(failover)
        ? failover.flatMap((one, j) => furtherUrl(one, ['cameras', i, 'failover', j], describe))
        : []),
    ]),
    ...cameras.flatMap((camera, i) => credentials(camera, ['cameras', i])),
    ...unknownCameras(cameras, doors, describe),
    ...unknownSchedules(settings, doors, describe),
    ...doorsWithoutLiveness(settings, doors),
    ...roles(settings).flatMap(([path, role]) => deviceWithoutProvider(path, role)),
    ...checkTenants(settings),
  ];
}

/** What is allowed and probably not meant, one line each. */
export function settingsWarnings(settings: Settings): string[] {
  const { nms } = settings.models.detector;
  const warnings: string[] = [];
  if (nms < 0.3 || nms > 0.6) {
    const effect = nms < 0.3 ? 'neighbouring faces may be merged into one' : 'one face may be reported several times';
    warnings.push(`models.detector.nms is usually between 0.3 and 0.6, got ${nms}: ${effect}`);
  }
  for (const [i, door] of settings.doors.entries()) {
    if (door.allow.length === 0) warnings.push(`doors[${i}].allow is empty: door "${door.id}" denies everybody`);
    for (const id of door.cameras) {
      if (settings.cameras.some((camera) => camera.id === id && !camera.enabled)) {
        warnings.push(`doors[${i}].cameras names "${id}", which is not enabled: it opens nothing`);
      }
    }
  }
  return warnings;
}

type Member = Readonly<Record<string, unknown>>;

function members(settings: unknown, list: string): Member[] {
  const found = (settings as Member | null)?.[list];
  if (!Array.isArray(found)) return [];
  return found.map((member: unknown) => (member !== null && typeof member === 'object' ? (member as Member) : {}));
}

/** The networks that the settings name, each with where it stands. */
function roles(settings: unknown): [SettingPath, Member][] {
  const models = (settings as Member | null)?.models as Member | undefined;
  const alone = (['detector', 'embedder'] as const).map((role): [SettingPath, unknown] => [
    ['models', role],
    models?.[role],
  ]);
  const scorers = members(models, 'scorers').map((scorer, i): [SettingPath, unknown] => [
    ['models', 'scorers', i],
    scorer,
  ]);
  return [...alone, ...scorers].flatMap(([path, role]): [SettingPath, Member][] =>
    role !== null && typeof role === 'object' ? [[path, role as Member]] : [],
  );
}

/** A list of its own that has nothing for its device could never run. */
function deviceWithoutProvider(at: SettingPath, { device, providers }: Member): Problem[] {
  if (typeof device !== 'string' || !Array.isArray(providers) || providers.length === 0) return [];
  const known = providers.map((name) => (typeof name === 'string' ? shortProviderName(name) : null));
  // What is no provider has a message of its own.
  if (known.some((name) => name === null || runsOnDevice(name, device))) return [];
  const path = [...at, 'providers'];
  const needed = device === 'cpu' ? '"cpu"' : '"cuda" or "tensorrt"';
  return [
    { path, message: `${keyName(path)} must have ${needed} for the device ${device}, got ${JSON.stringify(known)}` },
  ];
}

function repeated(list: string, field: string, all: readonly Member[]): Problem[] {
  const names = all.map((member) => member[field]);
  return names.flatMap((name, i) => {
    const first = names.indexOf(name);
    if (first === i || typeof name !== 'string') return [];
    const path: SettingPath = [list, i, field];
    const got = describeValue(name, path);
    return [{ path, message: `${list}[${i}].${field} must be unique, got ${got} again (${list}[${first}])` }];
  });
}

/** Two that write one file would rotate it under each other. */
function withPlainPath({ type, path }: Member): Member {
  return type === 'file' && typeof path === 'string' && path !== '' ? { path: normalize(path) } : {};
}

/** What two MQTT sinks may not share at one broker. What is not written is another for each (`clientId`), or the same (`topic`). */
function brokerNames(sinks: readonly Member[], field: 'clientId' | 'topic', otherwise: string): Problem[] {
  const usual = field === 'topic' ? 'facegate' : undefined;
  const places = sinks.map(({ type, url, [field]: name = usual }) =>
    type === 'mqtt' && typeof url === 'string' && typeof name === 'string' && URL.canParse(url)
      ? `${new URL(url).host} ${name}`
      : null,
  );
  return places.flatMap((place, i) => {
    const first = places.indexOf(place);
    if (place === null || first === i) return [];
    const path: SettingPath = ['sinks', i, field];
    const message = `${keyName(path)} must differ from that of sinks[${first}], which has the same broker: ${otherwise}`;
    return [{ path, message }];
  });
}

const NETWORK_SCHEMES = ['rtsp', 'rtsps', 'http', 'https'];

/** Of a device or a file there is one; only what is reached over a network can be reached in two ways. */
function furtherUrl(url: unknown, path: SettingPath, describe: DescribeValue): Problem[] {
  if (typeof url !== 'string' || url === '') return [];
  if (/^(rtsps?|https?):/i.test(url)) return cameraUrl(url, path, describe);
  const message = `${keyName(path)} must start with rtsp://, rtsps://, http:// or https://, got ${describe(url, path)}`;
  return [{ path, message }];
}

function credentials(camera: Member, path: SettingPath): Problem[] {
  const { username, password, passwordFile } = camera;
  const at = (key: string, message: string): Problem => ({
    path: [...path, key],
    message: `${keyName([...path, key])} ${message}`,
  });
  if (password !== undefined && passwordFile !== undefined)
    return [at('passwordFile', 'and password are both set; one is enough')];
  if (username === undefined && (password ?? passwordFile) !== undefined) {
    return [at(password === undefined ? 'passwordFile' : 'password', 'needs a username beside it')];
  }
  const urls = [camera.url, ...(Array.isArray(camera.failover) ? camera.failover : [])];
  const twice = urls.some((url) => typeof url === 'string' && /^[a-z]+:\/\/[^/?#]*@/i.test(url));
  return username !== undefined && twice
    ? [at('username', 'is set, and a URL of the camera holds a user name as well')]
    : [];
}

function cameraUrl(url: string, path: SettingPath, describe: DescribeValue): Problem[] {
  const name = keyName(path);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme !== undefined && NETWORK_SCHEMES.includes(scheme)) {
    if (/^[a-z]+:\/\/[^/?#\s]+/i.test(url)) return [];
    return [{ path, message: `${name} must name a host: ${scheme}://host:port/path, got ${describe(url, path)}` }];
  }
  if (scheme === 'test') return [];
  if (scheme === 'file' || scheme === 'webcam') {
    if (url.length > scheme.length + 1) return [];
    return [{ path, message: `${name} must name a ${scheme === 'file' ? 'file' : 'device'} after "${scheme}:"` }];
  }
  // A plain file name is the likeliest slip; a Windows drive is not a scheme.
  const hint = scheme === undefined || scheme.length === 1 ? ' (write file:… for a file)' : '';
  const got = describe(url, path);
  return [
    {
      path,
      message: `${name} must start with rtsp://, rtsps://, http://, https://, webcam:, file: or test:, got ${got}${hint}`,
    },
  ];
}

function unknownCameras(cameras: readonly Member[], doors: readonly Member[], describe: DescribeValue): Problem[] {
  const ids = cameras.flatMap(({ id }) => (typeof id === 'string' ? [id] : []));
  // A malformed id has its own message, which knows what may be shown of it.
  const shown = ids.filter((id) => /^[a-z0-9_-]+$/.test(id));
  return doors.flatMap((door, i) => {
    if (!Array.isArray(door.cameras)) return [];
    return door.cameras.flatMap((id: unknown, j) => {
      if (typeof id !== 'string' || ids.includes(id)) return [];
      const path: SettingPath = ['doors', i, 'cameras', j];
      const near = nearestName(id, shown);
      const known = shown.length === 0 ? 'no camera is configured' : `known are ${shown.join(', ')}`;
      const message = `doors[${i}].cameras[${j}] names no camera, got ${describe(id, path)}`;
      return [{ path, message: `${message}; ${near ? `did you mean ${near}?` : known}` }];
    });
  });
}

function webhookUrls(sinks: readonly Member[], describe: DescribeValue): Problem[] {
  return sinks.flatMap(({ type, url, insecure }, i) => {
    if (type !== 'webhook' || typeof url !== 'string' || url === '') return [];
    const problem = webhookUrlProblem(url, insecure === true);
    if (problem === null) return [];
    const path: SettingPath = ['sinks', i, 'url'];
    return [{ path, message: `${keyName(path)} ${problem}, got ${describe(url, path)}` }];
  });
}

function unknownDoors(doors: readonly Member[], sinks: readonly Member[], describe: DescribeValue): Problem[] {
  const ids = doors.flatMap(({ id }) => (typeof id === 'string' ? [id] : []));
  const shown = ids.filter((id) => /^[a-z0-9_-]+$/.test(id));
  return sinks.flatMap((sink, i) => {
    if (!Array.isArray(sink.doors)) return [];
    return sink.doors.flatMap((id: unknown, j) => {
      if (typeof id !== 'string' || ids.includes(id)) return [];
      const path: SettingPath = ['sinks', i, 'doors', j];
      const near = nearestName(id, shown);
      const known = shown.length === 0 ? 'no door is configured' : `known are ${shown.join(', ')}`;
      const message = `sinks[${i}].doors[${j}] names no door, got ${describe(id, path)}`;
      return [{ path, message: `${message}; ${near ? `did you mean ${near}?` : known}` }];
    });
  });
}

function unknownSchedules(settings: unknown, doors: readonly Member[], describe: DescribeValue): Problem[] {
  const { schedules } = (settings ?? {}) as Member;
  const names = schedules !== null && typeof schedules === 'object' ? Object.keys(schedules) : [];
  const check = (name: unknown, path: SettingPath): Problem[] => {
    if (typeof name !== 'string' || names.includes(name)) return [];
    const near = nearestName(name, names);
    const known = names.length === 0 ? 'no schedule is configured' : `known are ${names.join(', ')}`;
    const message = `${keyName(path)} names no schedule, got ${describe(name, path)}`;
    return [{ path, message: `${message}; ${near ? `did you mean ${near}?` : known}` }];
  };
  return doors.flatMap((door, i) => [
    ...check(door.schedule, ['doors', i, 'schedule']),
    ...members(door, 'allow').flatMap(({ schedule }, j) => check(schedule, ['doors', i, 'allow', j, 'schedule'])),
  ]);
}

/** Where nothing says whether a face is live, nobody could ever pass. */
function doorsWithoutLiveness(settings: unknown, doors: readonly Member[]): Problem[] {
  const scorers = members((settings as Member | null)?.models, 'scorers').map(({ model }) => model);
  if (scorers.some((model) => typeof model === 'string' && LIVENESS_SCORERS.includes(model))) return [];
  return doors.flatMap(({ liveness }, i) => {
    if (liveness !== true) return [];
    const message = `doors[${i}].liveness needs a liveness network: models.scorers: [{ model: ${LIVENESS_SCORERS[0]} }]`;
    return [{ path: ['doors', i, 'liveness'], message }];
  });
}
