import { Subscription } from 'rxjs';
import { AppError } from '../../config/app-error.ts';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import type { Clock, EventSink, Logger } from '../../pipeline/ports.ts';
import type { Broker, ReceivedMessage } from './broker.ts';
import type { BrokerConnection } from './broker-connection.ts';
import { BrokerLink } from './broker-link.ts';
import { eventMessage } from './event-message.ts';
import { ForgetOrphans } from './forget-orphans.ts';
import { Frigate } from './frigate.ts';
import { announcedAt, deviceConfigFilter, discovery, homeAssistantStatus } from './home-assistant.ts';
import { LockdownCommands } from './lockdown-commands.ts';
import { type Retained, RetainedTopics } from './retained-topics.ts';
import { lastState, presentState } from './state-messages.ts';
import type { CameraNow, CamerasNow, DoorNow, DoorsNow } from './surroundings.ts';
import { Topics } from './topics.ts';

export interface MqttSinkOptions {
  readonly id: string;
  readonly broker: Broker;
  readonly clientId: string;
  /** What all own topics begin with. */
  readonly topic: string;
  /** Whether retained topics name people. */
  readonly names: boolean;
  /** Home Assistant's discovery prefix; null: nothing is announced. */
  readonly homeAssistant: string | null;
  /** Prefix of Frigate's topics; null: none. */
  readonly frigate: string | null;
  /** Whether the lock-down switches may be thrown over MQTT. */
  readonly commands: boolean;
  /** Only these doors. Default: all. */
  readonly doorIds?: readonly string[] | undefined;
  readonly cameras: CamerasNow;
  readonly doors: DoorsNow;
  /** Of facegate. */
  readonly version: string;
  /** How long after the first connection it is looked for what cameras and doors left behind. Default 5 s. */
  readonly orphansAfterMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** By then all cameras of the settings and of the database are known. */
const ORPHANS_AFTER_MS = 5000;
/** The link says itself when it tries again; whoever asks waits for it there. */
const ASK_AGAIN_MS = 250;
const BATCH = 100;
const LINK_TROUBLE = new Set(['MQTT_CONNECTION_FAILED', 'MQTT_AUTH_FAILED', 'MQTT_TLS_FAILED', 'MQTT_TIMEOUT']);

/**
 * Publishes events to an MQTT broker, QoS 1, with the state of cameras and doors beside them (docs/protocol.md, MQTT).
 * Nothing is kept here for a broker that is away: what was not acknowledged is asked for again.
 */
export class MqttSink implements EventSink {
  readonly id: string;
  readonly batch = BATCH;
  readonly #options: MqttSinkOptions;
  readonly #topics: Topics;
  readonly #frigate: Frigate | null;
  readonly #commands: LockdownCommands | null;
  readonly #orphans: ForgetOrphans;
  readonly #retained: RetainedTopics;
  /** To Home Assistant. A user at the broker who may not do that still has events and states. */
  readonly #announcements: RetainedTopics;
  readonly #frigateRetained: RetainedTopics;
  readonly #link: BrokerLink;
  /** An MQTT client has one will: the second availability topic has a client of its own. */
  readonly #frigateLink: BrokerLink | null;
  readonly #hearing = new Subscription();
  /** Of the events that were delivered. Null: a grant, which is not kept. */
  readonly #last = new Map<string, string | null>();
  readonly #abort = new AbortController();
  #discovery: { of: string; configs: ReadonlyMap<string, string> } = { of: '', configs: new Map() };
  readonly #refusals = new Set<string>();
  #orphansDue: NodeJS.Timeout | null = null;
  #looked = false;
  #closing: Promise<void> | null = null;

  constructor(options: MqttSinkOptions) {
    const { id, broker, clientId, topic, clock, cameras } = options;
    const log = options.log.child({ sink: id });
    this.id = id;
    this.#options = { ...options, log };
    this.#topics = new Topics(topic);
    this.#frigate = options.frigate === null ? null : new Frigate(options.frigate);
    this.#commands = options.commands
      ? new LockdownCommands({ topics: this.#topics, doors: this.#doorPort(), by: `mqtt:${id}`, log })
      : null;
    this.#orphans = new ForgetOrphans({
      filters: [
        `${topic}/cameras/+/+`,
        `${topic}/doors/+/+`,
        ...(options.homeAssistant === null ? [] : [deviceConfigFilter(options.homeAssistant)]),
      ],
      isOrphan: (found) => this.#isOrphan(found),
      signal: this.#abort.signal,
    });
    this.#retained = new RetainedTopics(() => this.#wanted());
    this.#announcements = new RetainedTopics(
      () => this.#announced(),
      (refusal) => this.#noteRefusal(refusal),
    );
    this.#frigateRetained = new RetainedTopics(() => this.#frigate?.present(cameras.views()) ?? new Map());
    this.#link = new BrokerLink({
      broker,
      clientId,
      availability: this.#topics.available,
      greet: async (connection) => {
        if (this.#commands) await connection.subscribe(this.#commands.filter, { retained: false });
        await this.#retained.begin(connection);
        await this.#announce(connection);
        this.#lookForOrphans();
      },
      onMessage: (message) => this.#take(message),
      clock,
      log,
    });
    this.#frigateLink = this.#frigate && this.#openFrigateLink(this.#frigate);
  }

  start(): void {
    if (this.#closing) return;
    for (const { changes } of [this.#options.cameras, this.#options.doors]) {
      this.#hearing.add(changes.subscribe(() => this.#refresh()));
    }
    this.#link.start();
    this.#frigateLink?.start();
  }

  async deliver(events: readonly AccessEvent[], signal: AbortSignal): Promise<void> {
    const { clock, names } = this.#options;
    const [wallMs, monotonicMs] = [clock.wallMs(), clock.monotonicMs()];
    // A message may wait for its turn: a clock that is set back meanwhile makes no grant young again.
    const now = () => Math.max(clock.wallMs(), wallMs + clock.monotonicMs() - monotonicMs);
    try {
      const connection = await this.#link.connection(signal);
      const frigate = await this.#frigateLink?.connection(signal);
      const work: Promise<void>[] = [];
      for (const event of events) {
        work.push(connection.publish(() => eventMessage(event, this.#topics, now())));
        const face = this.#frigate?.face(event);
        if (frigate && face) work.push(frigate.publish(face));
      }
      const last = () => lastState(events, { topics: this.#topics, names, nowMs: now() });
      for (const message of last().values()) {
        if (!this.#isPresent(message.topic)) continue;
        this.#last.set(message.topic, message.retain ? message.payload : null);
        if (message.retain) continue;
        const stillHolds = () => {
          const again = last().get(message.topic);
          return again && !again.retain ? again : null;
        };
        work.push(connection.publish(stillHolds));
      }
      work.push(this.#retained.refresh());
      await untilAborted(Promise.all(work), signal);
    } catch (error) {
      if (!(error instanceof AppError) || !LINK_TROUBLE.has(error.code)) throw error;
      throw new AppError(error.code, error.message, { cause: error, details: { retryAfterMs: ASK_AGAIN_MS } });
    }
  }

  stats(): Readonly<Record<string, number | string | boolean | null>> {
    const { current, connections, state, trouble } = this.#link;
    return {
      broker: state,
      trouble: trouble?.code ?? null,
      connections,
      inFlight: current?.inFlight ?? 0,
      ...this.#commands?.stats,
      ...(this.#frigateLink && { frigate: this.#frigateLink.state }),
    };
  }

  /** Says `offline` and goodbye; resolves when the sockets are closed. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#hearing.unsubscribe();
    this.#abort.abort();
    if (this.#orphansDue) clearTimeout(this.#orphansDue);
    await Promise.all([this.#link.close(), this.#frigateLink?.close()]);
  }

  #openFrigateLink(frigate: Frigate): BrokerLink {
    const { broker, clientId, clock, log } = this.#options;
    return new BrokerLink({
      broker,
      clientId: `${clientId.slice(0, 21)}-f`,
      availability: frigate.available,
      greet: (connection) => this.#frigateRetained.begin(connection),
      onMessage: () => undefined,
      clock,
      log: log.child({ dialect: 'frigate' }),
    });
  }

  async #announce(connection: BrokerConnection): Promise<void> {
    const { homeAssistant } = this.#options;
    if (homeAssistant === null) return;
    await this.#announcements.begin(connection);
    try {
      await connection.subscribe(homeAssistantStatus(homeAssistant), { retained: false });
    } catch (error) {
      const trouble = AppError.from(error);
      if (trouble.code !== 'MQTT_REFUSED') throw error;
      this.#noteRefusal(trouble);
    }
  }

  /** The doors that this sink is about. */
  #doorPort(): Pick<DoorsNow, 'views' | 'lockDown' | 'release'> {
    const { doors } = this.#options;
    return {
      views: () => this.#doors(),
      lockDown: (id, why) => doors.lockDown(id, why),
      release: (id, why) => doors.release(id, why),
    };
  }

  #doors(): readonly DoorNow[] {
    const { doors, doorIds } = this.#options;
    return doors.views().filter(({ id }) => doorIds?.includes(id) ?? true);
  }

  #cameras(): readonly CameraNow[] {
    return this.#options.cameras.views();
  }

  #wanted(): Retained {
    const cameras = this.#cameras();
    const doors = this.#doors();
    for (const topic of this.#last.keys()) if (!this.#isPresent(topic)) this.#last.delete(topic);
    return new Map([...presentState(cameras, doors, this.#topics), ...this.#last]);
  }

  /** Asked for with every change, and seldom different. */
  #announced(): ReadonlyMap<string, string> {
    const { homeAssistant, commands, version } = this.#options;
    if (homeAssistant === null) return new Map();
    const cameras = this.#cameras();
    const doors = this.#doors();
    const of = JSON.stringify([cameras, doors].map((all) => all.map(({ id, name }) => [id, name])));
    if (this.#discovery.of !== of) {
      const options = { prefix: homeAssistant, topics: this.#topics, commands, version };
      this.#discovery = { of, configs: discovery(cameras, doors, options) };
    }
    return this.#discovery.configs;
  }

  /** Whether the camera or door of a state topic is there. */
  #isPresent(topic: string): boolean {
    const owner = this.#topics.ownerOf(topic);
    return owner !== null && this.#exists(owner);
  }

  #exists({ kind, id }: { kind: 'cameras' | 'doors'; id: string }): boolean {
    return (kind === 'cameras' ? this.#cameras() : this.#doors()).some((one) => one.id === id);
  }

  #isOrphan(topic: string): boolean {
    const { homeAssistant } = this.#options;
    const announced =
      homeAssistant === null ? null : announcedAt(topic, { prefix: homeAssistant, topics: this.#topics });
    const owner = this.#topics.ownerOf(topic) ?? announced;
    return owner !== null && !this.#exists(owner);
  }

  #take(message: ReceivedMessage): void {
    const { homeAssistant } = this.#options;
    if (homeAssistant !== null && message.topic === homeAssistantStatus(homeAssistant)) {
      if (message.payload === 'online') this.#watch(this.#announcements.tellAgain());
      return;
    }
    this.#orphans.take(message);
    if (message.topic.endsWith('/set')) this.#commands?.take(message);
  }

  #refresh(): void {
    for (const topics of [this.#retained, this.#announcements, this.#frigateRetained]) this.#watch(topics.refresh());
  }

  /** Once in the life of this program: whoever goes while it runs is noticed. */
  #lookForOrphans(): void {
    if (this.#looked || this.#orphansDue) return;
    this.#orphansDue = setTimeout(() => {
      this.#orphansDue = null;
      const connection = this.#link.current;
      // Without a connection the next one brings it here again.
      if (!connection) return;
      const look = async () => {
        const count = await this.#orphans.run(connection);
        this.#looked = true;
        if (count > 0)
          this.#options.log.info({ count }, 'the broker forgets what it kept of cameras and doors that went');
      };
      this.#watch(look());
    }, this.#options.orphansAfterMs ?? ORPHANS_AFTER_MS);
  }

  /** Trouble of the connection is the link's to tell, and the next connection is told everything. */
  #watch(work: Promise<void>): void {
    work.catch((error: unknown) => {
      const trouble = AppError.from(error);
      if (trouble.code === 'MQTT_REFUSED') this.#noteRefusal(trouble);
    });
  }

  /** Each one once: it would come again with every connection. */
  #noteRefusal({ code, message }: AppError): void {
    if (this.#refusals.has(message)) return;
    this.#refusals.add(message);
    this.#options.log.warn({ code }, `${message}; the rest goes on without`);
  }
}

/** @throws `signal`'s reason as soon as it is aborted. */
async function untilAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
