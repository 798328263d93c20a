import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SWIFTSHADER } from './software-vulkan.ts';

/** What some tests need and some machines lack. */
const NAMES = [
  'ffmpeg',
  'chromium',
  'rtsp',
  'shared',
  'gpu',
  'mig',
  'webcam',
  'python',
  'torch',
  'webgpu',
  'mosquitto',
  'systemd',
  'promtool',
] as const;
export type RequirementName = (typeof NAMES)[number];

export interface Requirement {
  readonly met: boolean;
  /** One line: what was found where, or what is missing and how to get it. */
  readonly why: string;
}

/** The folder with real weights and clips beside the checkout; there only where `requirement('shared').met`. */
export const sharedDir: string = fileURLToPath(new URL('../../../shared/', import.meta.url));

/**
 * The Python that sees Debian's packages: another one that comes first on the PATH (pyenv, conda) does not.
 */
export const systemPython = '/usr/bin/python3';

function onPath(...programs: string[]): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const program of programs) {
      const path = join(folder, program);
      if (folder !== '' && existsSync(path)) return path;
    }
  }
  return null;
}

/** The Python of the export scripts; one with PyTorch can be named with FACEGATE_EXPORT_PYTHON. */
export const exportPython: string = process.env.FACEGATE_EXPORT_PYTHON ?? 'python3';

/** The MQTT broker that tests start, on a port of their own; null where there is none. */
export const mosquittoPath: string | null =
  onPath('mosquitto') ?? (existsSync('/usr/sbin/mosquitto') ? '/usr/sbin/mosquitto' : null);

/** The Chromium that the browser tests drive; null where there is none. */
export const chromiumPath: string | null = onPath('chromium', 'chromium-browser', 'google-chrome');

function runs(program: string, args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

const LOOK: Record<RequirementName, () => Requirement> = {
  ffmpeg: () => {
    const path = onPath('ffmpeg');
    return path ? { met: true, why: path } : { met: false, why: 'no ffmpeg on the PATH (apt-get install ffmpeg)' };
  },
  chromium: () =>
    chromiumPath
      ? { met: true, why: chromiumPath }
      : { met: false, why: 'no chromium on the PATH (apt-get install chromium)' },
  rtsp: () => {
    const script =
      'import gi; gi.require_version("Gst","1.0"); gi.require_version("GstRtspServer","1.0"); ' +
      'from gi.repository import Gst, GstRtspServer; Gst.init(None); ' +
      'assert all(Gst.ElementFactory.find(e) for e in ("qtdemux","h264parse","rtph264pay","h265parse","rtph265pay"))';
    return runs(systemPython, ['-c', script])
      ? { met: true, why: `${systemPython} with GstRtspServer` }
      : {
          met: false,
          why:
            `${systemPython} has no GstRtspServer (apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 ` +
            'gstreamer1.0-plugins-good gstreamer1.0-plugins-bad)',
        };
  },
  shared: () => {
    const there = ['models/retinaface-mobilenet025.onnx', 'media/walk-to-camera-1080p25.mp4'];
    const missing = there.filter((path) => !existsSync(join(sharedDir, path)));
    return missing.length === 0
      ? { met: true, why: sharedDir }
      : { met: false, why: `${sharedDir} lacks ${missing.join(', ')}` };
  },
  gpu: () =>
    runs('nvidia-smi', ['-L']) ? { met: true, why: 'nvidia-smi lists a device' } : { met: false, why: 'no NVIDIA GPU' },
  mig: () => {
    try {
      const devices = execFileSync('nvidia-smi', ['-L'], { timeout: 20_000, encoding: 'utf8' });
      return /MIG-/.test(devices) ? { met: true, why: 'a MIG device' } : { met: false, why: 'no MIG device' };
    } catch {
      return { met: false, why: 'no NVIDIA GPU' };
    }
  },
  python: () =>
    runs(exportPython, ['--version'])
      ? { met: true, why: exportPython }
      : { met: false, why: `${exportPython} does not run (apt-get install python3)` },
  torch: () =>
    runs(exportPython, ['-c', 'import torch, onnx, onnxruntime'])
      ? { met: true, why: `${exportPython} with torch, onnx and onnxruntime` }
      : {
          met: false,
          why:
            `${exportPython} lacks torch, onnx or onnxruntime (pip install -r models/export/requirements.txt; ` +
            'FACEGATE_EXPORT_PYTHON names another Python)',
        },
  mosquitto: () =>
    mosquittoPath ? { met: true, why: mosquittoPath } : { met: false, why: 'no mosquitto (apt-get install mosquitto)' },
  systemd: () => {
    const path = onPath('systemd-analyze');
    return path
      ? { met: true, why: path }
      : { met: false, why: 'no systemd-analyze on the PATH (apt-get install systemd)' };
  },
  promtool: () => {
    const path = onPath('promtool');
    return path
      ? { met: true, why: path }
      : { met: false, why: 'no promtool on the PATH (apt-get install prometheus)' };
  },
  webcam: () => (existsSync('/dev/video0') ? { met: true, why: '/dev/video0' } : { met: false, why: 'no /dev/video0' }),
  webgpu: () => {
    if (!existsSync(SWIFTSHADER)) return { met: false, why: `no ${SWIFTSHADER} (apt-get install chromium)` };
    return runs('sh', ['-c', '/sbin/ldconfig -p | grep -q libvulkan.so.1'])
      ? { met: true, why: `${SWIFTSHADER} and libvulkan.so.1` }
      : { met: false, why: 'no libvulkan.so.1 (apt-get install libvulkan1)' };
  },
};

const looked = new Map<RequirementName, Requirement>();

/** Looks once a test process; use as `describe.skipIf(!requirement('rtsp').met)`. */
export function requirement(name: RequirementName): Requirement {
  const known = looked.get(name);
  if (known) return known;
  const found = LOOK[name]();
  looked.set(name, found);
  return found;
}

// On a machine that is meant to have everything, a skipped test would pass unseen: there the import itself fails.
const mustHave = (process.env.FACEGATE_REQUIRE ?? '')
  .split(',')
  .map((name) => name.trim())
  .filter((name) => name !== '');
const problems: string[] = [];
for (const name of mustHave) {
  if (!(NAMES as readonly string[]).includes(name)) {
    problems.push(`FACEGATE_REQUIRE names "${name}"; known are ${NAMES.join(', ')}`);
    continue;
  }
  const found = requirement(name as RequirementName);
  if (!found.met) problems.push(`FACEGATE_REQUIRE names "${name}", but: ${found.why}`);
}
if (problems.length > 0) throw new Error(problems.join('\n'));
