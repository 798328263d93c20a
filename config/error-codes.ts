/**
 * Every error code of facegate, with the HTTP status it becomes at the server's edge and what it means.
 * The same list stands in docs/errors.md; test/config/error-codes.test.ts holds the two equal.
 */
export const ERROR_CODES = {
  // Settings and the command line
  CONFIG_INVALID: { status: 500, means: 'A setting is missing, unknown or out of range; the message names the key.' },
  CONFIG_NOT_FOUND: { status: 500, means: 'The configuration file does not exist or cannot be read.' },
  CONFIG_SECRET_MISSING: { status: 500, means: 'The configuration names an environment variable that is not set.' },
  TRACE_UNWRITABLE: { status: 500, means: 'The file named with --trace cannot be written.' },
  USAGE: { status: 400, means: 'The command line was not understood.' },
  PORT_IN_USE: { status: 500, means: 'Another program already listens on the address and port.' },
  // Sources (the STREAM codes are those of camera events)
  FFMPEG_NOT_FOUND: { status: 500, means: 'No ffmpeg in the settings, on the PATH or in the bundled package.' },
  FFMPEG_TOO_OLD: { status: 500, means: 'The ffmpeg that was found cannot do what this kind of source needs.' },
  SOURCE_URL_INVALID: { status: 400, means: 'A camera URL is malformed or of a kind that is not supported.' },
  STREAM_CONNECTION_FAILED: { status: 502, means: 'The camera could not be reached at that address and port.' },
  STREAM_AUTH_FAILED: { status: 502, means: 'The camera refused the user name or password.' },
  STREAM_TLS_FAILED: { status: 502, means: 'The TLS handshake with the camera failed.' },
  STREAM_TIMEOUT: { status: 504, means: 'The camera accepted the connection and then stayed silent.' },
  STREAM_NOT_FOUND: { status: 502, means: 'The camera does not know that path, or the file or device does not exist.' },
  STREAM_CODEC_UNSUPPORTED: { status: 502, means: 'The stream cannot be decoded by this ffmpeg.' },
  STREAM_NO_VIDEO: { status: 502, means: 'The stream carries no video.' },
  STREAM_STALLED: { status: 504, means: 'The stream is connected but decodes no new frame.' },
  STREAM_FROZEN: { status: 504, means: 'The stream repeats one picture.' },
  STREAM_BEHIND: {
    status: 504,
    means: 'The pictures came later and later; the connection was made anew, to go on with what the camera sees now.',
  },
  STREAM_ENDED: { status: 502, means: 'The stream ended.' },
  // Models and inference
  MODEL_UNKNOWN: { status: 500, means: 'No catalog entry has that name, or a file cannot be told to be one of them.' },
  MODEL_NOT_FOUND: { status: 500, means: 'The weights are in none of the places looked at, and could not be fetched.' },
  MODEL_CHECKSUM_MISMATCH: { status: 500, means: 'The file is not the one that the catalog names (SHA-256 differs).' },
  MODEL_DOWNLOAD_FAILED: { status: 502, means: 'The weights could not be fetched from the mirror or URL.' },
  MODEL_INVALID: { status: 500, means: 'The file is not an ONNX model that facegate accepts.' },
  MODEL_CONTRACT_MISMATCH: { status: 500, means: 'The model has other inputs or outputs than its catalog entry says.' },
  MODEL_RANDOM_WEIGHTS: { status: 500, means: 'The file was made to time a machine: its weights are random numbers.' },
  MODEL_PROVIDER_UNAVAILABLE: {
    status: 500,
    means: 'The execution provider asked for is not there or did not run the network.',
  },
  GPU_INSTALL_FAILED: {
    status: 500,
    means: "The runtime's CUDA libraries could not be fetched, verified or put in their place.",
  },
  DEVICE_UNAVAILABLE: {
    status: 500,
    means: "The GPU or MIG slice of a tenant's settings is not there, or cannot be used as it is.",
  },
  GPU_MEMORY_HIGH: { status: 503, means: 'More than 90 % of the memory of the GPU or MIG slice is taken.' },
  GPU_BUSY: { status: 503, means: 'The GPU was at work more than 90 % of the time, for half a minute.' },
  ALIGN_DEGENERATE: { status: 422, means: 'The landmarks are collinear or not numbers; the face cannot be aligned.' },
  INFERENCE_DEADLINE: {
    status: 504,
    means: 'The networks did not answer in time; the inference process was replaced.',
  },
  INFERENCE_DIED: { status: 503, means: 'The inference process ended while it worked; it was replaced.' },
  INFERENCE_OUT_OF_MEMORY: {
    status: 503,
    means: 'An inference process ran out of memory, or took more than it may; it was replaced.',
  },
  INFERENCE_DEVICE_FAILED: {
    status: 503,
    means: 'The device (a GPU) or its driver failed under an inference process; the process was replaced.',
  },
  INFERENCE_FAILED: { status: 500, means: 'A network threw while it ran.' },
  INFERENCE_BUSY: { status: 503, means: 'Too many requests are waiting for the networks; try again later.' },
  INFERENCE_CLOSED: { status: 503, means: 'The networks are shutting down.' },
  // Pictures sent to us
  IMAGE_MISSING: { status: 400, means: 'The request has no part with that name.' },
  IMAGE_UNSUPPORTED: { status: 415, means: 'The data is not a JPEG, PNG or WebP picture.' },
  IMAGE_CORRUPT: { status: 422, means: 'The picture is damaged or truncated.' },
  IMAGE_TOO_LARGE: { status: 413, means: 'The picture has more bytes or more pixels than the limit.' },
  FACE_NOT_FOUND: { status: 422, means: 'No face was found in the picture.' },
  FACE_NOT_UNIQUE: { status: 422, means: 'More than one face was found where one was expected.' },
  FACE_UNFIT: {
    status: 422,
    means: 'The face is not fit to be recognised (too small, blurred, turned away, cut off).',
  },
  // Gallery
  SUBJECT_NOT_FOUND: { status: 404, means: 'No subject has that id.' },
  SUBJECT_EXISTS: { status: 409, means: 'A subject of that name exists already.' },
  SUBJECT_COLLISION: {
    status: 409,
    means: 'The face looks like another subject; the answer names it and the similarity.',
  },
  SUBJECT_LIMIT: { status: 409, means: 'The gallery holds as many subjects as it may; the answer says how many.' },
  UNKNOWN_NOT_FOUND: { status: 404, means: 'No unknown person of that id is held any more.' },
  TEMPLATE_NOT_FOUND: { status: 404, means: 'No enrolled face has that id.' },
  IMAGE_NOT_KEPT: { status: 404, means: 'The picture that the face was enrolled from is not kept.' },
  GALLERY_KEY_MISSING: { status: 503, means: 'The gallery is sealed, and its key is not there.' },
  GALLERY_KEY_WRONG: { status: 503, means: 'The gallery is sealed under another key than the one at hand.' },
  EMBEDDING_INVALID: { status: 422, means: 'An embedding is zero or holds something that is not a number.' },
  EMBEDDING_MISMATCH: { status: 422, means: 'An embedding is of another model or width than those of the gallery.' },
  GALLERY_UNAVAILABLE: { status: 503, means: 'The gallery database could not be opened, read or written.' },
  // Events
  EVENT_LOG_UNAVAILABLE: { status: 503, means: 'The event log could not be opened or written.' },
  EVENT_CURSOR_GONE: {
    status: 410,
    means: 'The events after that number are no longer kept; the answer names the oldest.',
  },
  SNAPSHOT_NOT_FOUND: {
    status: 404,
    means: 'There is no picture of that event: none was kept, it could not be written, or it is no longer kept.',
  },
  EVENTS_LOST: {
    status: 410,
    means:
      'A sink was down for so long that events it had not been given are no longer kept; it goes on from the oldest.',
  },
  SINK_FAILED: { status: 502, means: 'A sink did not take the events: it cannot be reached, or refuses them.' },
  SINK_GAVE_UP: {
    status: 502,
    means: 'A sink did not take an event in all the time that it was tried; it goes on without.',
  },
  SINK_DISABLED: {
    status: 409,
    means: 'The other side of a sink wants nothing more, and is sent nothing until somebody asks for it.',
  },
  SINK_NOT_FOUND: { status: 404, means: 'No sink of that kind has that id.' },
  SINK_STORE_UNAVAILABLE: {
    status: 503,
    means: 'What webhooks have taken over (webhooks.db) could not be opened, read or written.',
  },
  MQTT_CONNECTION_FAILED: {
    status: 502,
    means: 'The MQTT broker could not be reached, or the connection to it broke.',
  },
  MQTT_AUTH_FAILED: { status: 502, means: 'The MQTT broker refused the user name, password or client.' },
  MQTT_TLS_FAILED: { status: 502, means: 'The TLS handshake with the MQTT broker failed.' },
  MQTT_TIMEOUT: { status: 504, means: 'The MQTT broker accepted the connection and then did not answer.' },
  MQTT_REFUSED: { status: 502, means: 'The MQTT broker refused a message, a subscription or the connection.' },
  // Doors
  DOOR_NOT_FOUND: { status: 404, means: 'No door has that id.' },
  DOOR_LOCKED_DOWN: { status: 409, means: 'The door is locked down: nothing opens it until it is released.' },
  DOOR_STATE_UNAVAILABLE: {
    status: 503,
    means: 'Which doors are locked down could not be read or written; what cannot be read is locked down.',
  },
  DOOR_NOT_WATCHED: { status: 409, means: 'No facegate runs on the data folder, so nobody would hear of it.' },
  // Why a door granted nothing (codes of system.fault)
  FACES_UNUSABLE: {
    status: 500,
    means: 'The networks said something of a face that is no number or has no direction; nothing is granted by it.',
  },
  FRAME_TIME_INVALID: { status: 500, means: 'One of a picture’s times is not a number, or lies in the future.' },
  CAMERA_BEHIND: {
    status: 504,
    means: 'The pictures of a camera are too old for its doors when their turn comes; nothing is granted by them.',
  },
  GALLERY_EMPTY: { status: 503, means: 'A door saw a face, and nobody is enrolled.' },
  CLOCK_STEPPED: {
    status: 500,
    means: 'The clock of this machine was set, or the machine slept; for ten seconds no door opens.',
  },
  // The data folder as a whole
  DATA_FOLDER_IN_USE: {
    status: 409,
    means: 'Another facegate works on the data folder, and this cannot be done meanwhile.',
  },
  DISK_LIMIT: {
    status: 507,
    means:
      'The data folder takes all the room that it may: nothing is enrolled, no picture kept, no backup put into it.',
  },
  ARCHIVE_INVALID: {
    status: 422,
    means: 'The archive is damaged or cut off, of another kind, or sealed with another passphrase.',
  },
  ARCHIVE_FAILED: { status: 500, means: 'An archive could not be read or written.' },
  // Tenants behind a gateway
  TENANT_DIED: { status: 503, means: 'The process of a tenant ended by itself; another one is started.' },
  TENANT_HUNG: {
    status: 503,
    means: 'The process of a tenant did nothing any more, or did not close in time; it was killed.',
  },
  TENANT_OUT_OF_MEMORY: {
    status: 503,
    means: 'The processes of a tenant took more memory than they may; it was closed and started anew.',
  },
  TENANT_NOT_FOUND: { status: 404, means: 'No tenant has that id.' },
  TENANT_UNAVAILABLE: { status: 503, means: 'The tenant does not run, or ended while it worked on the request.' },
  TENANT_BUSY: { status: 429, means: 'The tenant has as many requests, streams or connections as it may have.' },
  TENANT_TIMEOUT: { status: 504, means: 'The tenant took the request and did not answer.' },
  // What was done
  AUDIT_UNAVAILABLE: { status: 503, means: 'The audit log could not be opened, read or written.' },
  // HTTP and WebSocket
  REQUEST_INVALID: { status: 400, means: 'A field of the request is missing or out of range; the message names it.' },
  NOT_FOUND: { status: 404, means: 'There is nothing at that address.' },
  CAMERA_NOT_FOUND: { status: 404, means: 'No camera has that id.' },
  CAMERA_CONFIGURED: {
    status: 409,
    means: 'The camera stands in the settings; only one that was added can be removed.',
  },
  CAMERA_EXISTS: { status: 409, means: 'A camera of that id exists already.' },
  CAMERA_LIMIT: { status: 409, means: 'There are as many cameras as there may be; the answer says how many.' },
  CAMERA_STALE: { status: 409, means: 'The camera has no picture that is young enough to be shown.' },
  PREVIEW_UNAVAILABLE: {
    status: 409,
    means: 'No smooth preview can be made of the camera: its video cannot be copied.',
  },
  STEP_FAILED: { status: 500, means: 'A post-processing step threw, or gave back something that is not a picture.' },
  STEP_NOT_FOUND: { status: 404, means: 'No post-processing step has that name.' },
  UNAUTHENTICATED: { status: 401, means: 'No valid key or session came with the request.' },
  FORBIDDEN: { status: 403, means: 'The key has not the scope that this needs.' },
  KEY_NOT_FOUND: { status: 404, means: 'No key has that id.' },
  KEY_EXISTS: { status: 409, means: 'A key of that name exists already.' },
  KEY_CONFIGURED: { status: 409, means: 'The key stands in the settings; only one that was made can be revoked.' },
  KEY_LAST_ADMIN: { status: 409, means: 'The last key that may do everything is not revoked; make another one first.' },
  HOST_NOT_ALLOWED: { status: 403, means: 'The Host header names a host that facegate does not answer for.' },
  ORIGIN_NOT_ALLOWED: { status: 403, means: 'The request comes from a page of another origin.' },
  RATE_LIMITED: { status: 429, means: 'Too many requests; the answer says when to try again.' },
  SHUTTING_DOWN: { status: 503, means: 'The server is stopping.' },
  INTERNAL: { status: 500, means: 'A defect in facegate; the log has the details.' },
} as const satisfies Record<string, { status: number; means: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;
