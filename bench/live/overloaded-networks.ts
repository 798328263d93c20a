/** Of the cores, so much is decoding's at most: were it more, too little would be left to the networks to show how it is shared. */
const DECODING_SHARE = 0.5;
/** Of the cores, what the server and the cameras' own server were seen to take. */
const SERVERS_SHARE = 0.1;
/** Two at least: with one there is nobody to share with. */
const FEWEST_CAMERAS = 2;
/** Times what the networks can do. */
const TIMES = 2;
/** What the other parts ask for. Fewer would be near the rate that no camera is held below. */
const FEWEST_FPS = 5;

export interface OverloadedNetworks {
  readonly cameras: number;
  /** Of each camera, asked for. */
  readonly fps: number;
  /** Cores that all decoders are expected to take together. */
  readonly decodingCores: number;
  /** Frames a second that the networks should be able to do with what the others leave. */
  readonly enoughForFps: number;
}

/**
 * As many cameras as can be decoded with half of the cores, and of each so many frames a second that the networks would need about twice
 * what is left; more cameras where even all of their frames are fewer than that.
 *
 * @param o.decodingCores of one camera.
 * @param o.networkMs CPU time of the networks for a frame, milliseconds.
 * @param o.filmFps only every n-th of its frames can be asked for, so that what is asked for is what comes.
 * @param o.cameras as given; `fps` likewise.
 */
export function networksOverloaded(o: {
  cores: number;
  decodingCores: number;
  networkMs: number;
  filmFps: number;
  cameras?: number | undefined;
  fps?: number | undefined;
}): OverloadedNetworks {
  const withSoMany = (cameras: number): OverloadedNetworks => {
    const decodingCores = cameras * o.decodingCores;
    const enoughForFps = (1000 * Math.max(0, (1 - SERVERS_SHARE) * o.cores - decodingCores)) / o.networkMs;
    const fps = o.fps ?? everyNth(o.filmFps, (TIMES * enoughForFps) / cameras);
    return { cameras, fps, decodingCores, enoughForFps };
  };
  if (o.cameras !== undefined) return withSoMany(o.cameras);
  let load = withSoMany(Math.max(FEWEST_CAMERAS, Math.floor((DECODING_SHARE * o.cores) / o.decodingCores)));
  // Networks that are quick beside decoding take all frames of so few cameras, and more.
  while (load.cameras * load.fps < TIMES * load.enoughForFps && load.fps >= (o.fps ?? o.filmFps)) {
    load = withSoMany(load.cameras + 1);
  }
  return load;
}

/** The rate nearest to `wanted`, as a ratio, that every n-th frame of the film has. */
function everyNth(filmFps: number, wanted: number): number {
  let nearest = filmFps;
  const off = (fps: number) => Math.abs(Math.log(fps / wanted));
  for (let n = 2; filmFps / n >= FEWEST_FPS; n += 1) if (off(filmFps / n) <= off(nearest)) nearest = filmFps / n;
  return Math.round(100 * nearest) / 100;
}
