import type { CameraView } from '../api/api-types.ts';
import { doorName } from '../state/doors.ts';
import { now } from '../state/now.ts';
import { clockTime, durationWords } from '../ui/time-words.ts';
import { bitRate, codecName, decoderWords, droppedWords, mostWords, rate, reconnectWords } from './camera-words.ts';

/** Everything that is known of a camera, for whoever looks after it. */
export function CameraFacts({ camera }: { camera: CameraView }) {
  const { stream, fps, settings, streamInUse } = camera;
  const facts: [name: string, value: string | null][] = [
    ['State', `${camera.state} since ${clockTime(camera.since, now.value)}`],
    ['Code', camera.code],
    ['Sends', stream && `${stream.width} × ${stream.height}${stream.fps === null ? '' : `, ${rate(stream.fps)} fps`}`],
    ['Codec', stream && codecName(stream.codec)],
    ['Bit rate', stream && stream.bitsPerSecond !== null ? bitRate(stream.bitsPerSecond) : null],
    ['Decoded by', decoderWords(camera)],
    [
      'Pictures',
      `${fps.decoded === null ? '' : `${rate(fps.decoded)} decoded, `}${rate(fps.received)} taken, ${rate(fps.analysed)} analysed a second (${mostWords(fps)})`,
    ],
    ['Analysed at', camera.width && camera.height ? `${camera.width} × ${camera.height}` : null],
    ['Age', camera.ageMs === null ? null : `${durationWords(camera.ageMs)} (of the newest analysed picture)`],
    ['Left out', droppedWords(camera.dropped)],
    ['Damaged', camera.decodeErrors === 0 ? 'none' : `${camera.decodeErrors.toLocaleString()} decode errors`],
    ['Connected anew', reconnectWords(camera.reconnects)],
    ['Connections', String(camera.connections)],
    ['Doors', camera.doors.length > 0 ? camera.doors.map(doorName).join(', ') : null],
    ['Zones, masks', `${camera.zones.length || 'no'} zones, ${camera.masks.length || 'no'} masks`],
    ['Transport', /^rtsp:/i.test(camera.url) ? settings.transport.toUpperCase() : null],
    ['From', camera.origin === 'config' ? 'the configuration file' : 'added here'],
  ];
  const addresses = [camera.url, ...settings.failover];
  return (
    <dl class="facts">
      {facts.map(
        ([name, value]) =>
          value !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
      {addresses.map((address, index) => (
        <div key={`${index} ${address}`}>
          <dt>{index === 0 ? 'Address' : `Address ${index + 1}`}</dt>
          <dd>
            {address} {streamInUse?.index === index && <span class="tag">in use</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
