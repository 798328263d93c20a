// The usual kind of JavaScript script for this job, as a yardstick: ffmpeg reads the film, face-api.js (the maintained fork) on
// TensorFlow.js's WebAssembly backend does the rest, one frame after the other.
//
//   mkdir face-api && cd face-api && npm init -y && npm i @vladmandic/face-api@1.7.15 @tensorflow/tfjs@4 @tensorflow/tfjs-backend-wasm@4
//   node face_api.mjs face-api/ FILM --frames 24
//
// Prints one line of JSON.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const [folder, film, , frames = '24'] = process.argv.slice(2);
const require = createRequire(join(resolve(folder), 'package.json'));
const [width, height] = [1280, 720];
// Its progress lines are for people, and stdout is for the answer.
console.log = () => {};
const wasm = require('@tensorflow/tfjs-backend-wasm');
wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);
const faceapi = require('@vladmandic/face-api/dist/face-api.node-wasm.js');
const tf = require('@tensorflow/tfjs');
await tf.setBackend('wasm');
await tf.ready();
const weights = join(dirname(require.resolve('@vladmandic/face-api/package.json')), 'model');
await faceapi.nets.ssdMobilenetv1.loadFromDisk(weights);
await faceapi.nets.faceLandmark68Net.loadFromDisk(weights);
await faceapi.nets.faceRecognitionNet.loadFromDisk(weights);

const ffmpeg = spawn(
  'ffmpeg',
  ['-v', 'error', '-i', film, '-vf', `scale=${width}:${height}`, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
const size = width * height * 3;
const options = new faceapi.SsdMobilenetv1Options({ minConfidence: 0.5, maxResults: 20 });
let waiting = [];
let held = 0;
let counted = 0;
let embeds = 0;
let started = 0;
let finished = 0;
for await (const chunk of ffmpeg.stdout) {
  waiting.push(chunk);
  held += chunk.length;
  if (held < size) continue;
  const bytes = Buffer.concat(waiting);
  waiting = [bytes.subarray(size)];
  held = bytes.length - size;
  const picture = tf.tensor3d(new Uint8Array(bytes.subarray(0, size)), [height, width, 3], 'int32');
  const faces = await faceapi.detectAllFaces(picture, options).withFaceLandmarks().withFaceDescriptors();
  picture.dispose();
  // The first one also pays for starting up.
  if (counted === 0) started = performance.now();
  else embeds += faces.length;
  finished = performance.now();
  if (counted++ === Number(frames)) break;
}
ffmpeg.kill();
process.stdout.write(
  `${JSON.stringify({ fps: (counted - 1) / ((finished - started) / 1000), embeds, backend: tf.getBackend() })}\n`,
);
process.exit(0);
