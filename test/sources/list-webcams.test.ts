import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { avfoundationWebcams, dshowWebcams, listWebcams } from '../../sources/list-webcams.ts';

it('are on Linux those that the system counts, but for the metadata beside them', async () => {
  const sysfs = await mkdtemp(join(tmpdir(), 'facegate-sysfs-'));
  const add = async (device: string, files: Record<string, string>) => {
    await mkdir(join(sysfs, device));
    for (const [name, text] of Object.entries(files)) await writeFile(join(sysfs, device, name), text);
  };
  try {
    await add('video10', { name: 'HD Pro Webcam C920\n', index: '0\n' });
    await add('video2', { name: 'Integrated Camera: Integrated C\n', index: '0\n' });
    await add('video3', { name: 'Integrated Camera: Integrated C\n', index: '1\n' });
    await add('video4', {});
    await add('v4l-subdev0', { name: 'sensor\n' });
    expect(await listWebcams({ ffmpeg: '/none', platform: 'linux', sysfs })).toEqual([
      { url: 'webcam:/dev/video2', name: 'Integrated Camera: Integrated C' },
      { url: 'webcam:/dev/video4', name: '/dev/video4' },
      { url: 'webcam:/dev/video10', name: 'HD Pro Webcam C920' },
    ]);
    expect(await listWebcams({ ffmpeg: '/none', platform: 'linux', sysfs: join(sysfs, 'none') })).toEqual([]);
  } finally {
    await rm(sysfs, { recursive: true });
  }
});

it('are on macOS the video devices that are no screens, by number where a name has a colon', () => {
  const text = `[AVFoundation indev @ 0x7f9] AVFoundation video devices:
[AVFoundation indev @ 0x7f9] [0] FaceTime HD Camera (Built-in)
[AVFoundation indev @ 0x7f9] [1] USB: Camera
[AVFoundation indev @ 0x7f9] [2] Capture screen 0
[AVFoundation indev @ 0x7f9] AVFoundation audio devices:
[AVFoundation indev @ 0x7f9] [0] MacBook Pro Microphone
: Input/output error
`;
  expect(avfoundationWebcams(text)).toEqual([
    { url: 'webcam:FaceTime HD Camera (Built-in)', name: 'FaceTime HD Camera (Built-in)' },
    { url: 'webcam:1', name: 'USB: Camera' },
  ]);
  expect(avfoundationWebcams('Unknown input format: avfoundation')).toEqual([]);
});

it.each([
  [
    'since ffmpeg 5',
    `[dshow @ 000001] "Integrated Camera" (video)
[dshow @ 000001]   Alternative name "@device_pnp_\\\\?\\usb#vid_04f2"
[dshow @ 000001] "OBS Virtual Camera" (none)
[dshow @ 000001] "Microphone Array" (audio)
dummy: Immediate exit requested
`,
  ],
  [
    'before ffmpeg 5',
    `[dshow @ 0001] DirectShow video devices (some may be both video and audio devices)
[dshow @ 0001]  "Integrated Camera"
[dshow @ 0001]     Alternative name "@device_pnp_\\\\?\\usb#vid_04f2"
[dshow @ 0001] DirectShow audio devices
[dshow @ 0001]  "Microphone Array"
`,
  ],
])('are on Windows the video devices, as written %s', (_, text) => {
  expect(dshowWebcams(text)).toEqual([{ url: 'webcam:Integrated Camera', name: 'Integrated Camera' }]);
});

it('cannot be told where ffmpeg cannot be run', async () => {
  await expect(listWebcams({ ffmpeg: '/none/ffmpeg', platform: 'darwin' })).rejects.toThrow(/ENOENT/);
});
