import { setTimeout as wait } from 'node:timers/promises';
import type { TenantView } from '../../tenants/tenant-contract.ts';
import { type Heard, PinnedProgram, type Target } from './ask.ts';
import { whileKilled } from './kill-again-and-again.ts';
import { mainThreadDelays } from './main-thread-delays.ts';
import { type MeasuredFacegate, openFacegate } from './measured-facegate.ts';
import { CALLER, GATEWAY, OTHERS, PHASES, type Phase, type ProcessorSplit, VICTIM } from './neighbour-figures.ts';
import type { Questions } from './questions.ts';
import { RoundValues } from './round-values.ts';

const WARM_UP_CALLS = 10;
const AT_ONCE = 10;
const BURST = 100;
const KILL_EVERY_MS = 1000;
/** A tenant that was ready for so long begins a new row of quick restarts. */
const STEADY_MS = 11_000;
const LOOK_EVERY_MS = 50;
const BACK_WITHIN_MS = 120_000;

export interface NeighboursOptions {
  readonly folder: string;
  /** Of each phase that does not end by itself. */
  readonly seconds: number;
  /** With answers. */
  readonly questions: Questions;
  readonly split: ProcessorSplit;
  readonly say: (text: string) => void;
}

/** Three tenants behind one gateway: one is loaded, killed, killed in part; the two others are called one by one meanwhile. */
export class Neighbours implements AsyncDisposable {
  /** By the names that `neighbour-figures.ts` reads. */
  readonly values = new RoundValues();
  readonly #gateway: MeasuredFacegate;
  readonly #generator: PinnedProgram;
  readonly #nobody: PinnedProgram;
  readonly #caller: PinnedProgram;
  readonly #questions: Questions;
  readonly #seconds: number;
  readonly #say: (text: string) => void;
  readonly #opened: AsyncDisposableStack;
  #killedAtMs = Number.NEGATIVE_INFINITY;

  private constructor(o: {
    gateway: MeasuredFacegate;
    generator: PinnedProgram;
    nobody: PinnedProgram;
    caller: PinnedProgram;
    questions: Questions;
    seconds: number;
    say: (text: string) => void;
    opened: AsyncDisposableStack;
  }) {
    this.#gateway = o.gateway;
    this.#generator = o.generator;
    this.#nobody = o.nobody;
    this.#caller = o.caller;
    this.#questions = o.questions;
    this.#seconds = o.seconds;
    this.#say = o.say;
    this.#opened = o.opened;
  }

  static async open(o: NeighboursOptions): Promise<Neighbours> {
    const { folder, seconds, questions, split, say } = o;
    await using opened = new AsyncDisposableStack();
    say('three tenants');
    const tenant = (id: string, cpus: string) => ({ id, settings: { models: { processes: 1 } }, limits: { cpus } });
    const gateway = opened.use(
      await openFacegate({
        folder,
        cpus: split.others,
        settings: { tenants: [tenant(VICTIM, split.loaded), ...OTHERS.map((id) => tenant(id, split.others))] },
      }),
    );
    const generator = opened.use(await PinnedProgram.start('caller.ts', split.loaded));
    const nobody = opened.use(await PinnedProgram.start('null-server.ts', split.loaded));
    const caller = opened.use(await PinnedProgram.start('caller.ts', split.others));
    const neighbours = new Neighbours({
      gateway,
      generator,
      nobody,
      caller,
      questions,
      seconds,
      say,
      opened: opened.move(),
    });
    const all = [VICTIM, ...OTHERS].map((id) => gateway.target(questions.same, id, id));
    await caller.ask({ targets: all, atOnce: 1, seconds: null, calls: all.length * WARM_UP_CALLS });
    return neighbours;
  }

  /** Every phase once; every other round backwards, but for the last one, after which the tenant is a new one. */
  async round(number: number): Promise<void> {
    const { same } = this.#questions;
    const victim = this.#gateway.target(same, VICTIM, VICTIM);
    const nobody: Target = { ...same, name: VICTIM, url: String(this.#nobody.said), expected: null };
    const phases: Record<Phase, () => Promise<Heard | null>> = {
      quiet: async () => {
        await this.#others('quiet', this.#seconds);
        return null;
      },
      'null server': () => this.#loaded('null server', nobody, null),
      burst: () => this.#loaded('burst', victim, BURST),
      continuous: () => this.#loaded('continuous', victim, null),
      'inference killed': async () => {
        const { kills } = await whileKilled(await this.#victimPid(), KILL_EVERY_MS, () =>
          this.#others('inference killed', this.#seconds),
        );
        this.values.note('inference killed: kills', kills);
        return null;
      },
      'tenant killed': async () => {
        await this.#killTenant();
        return null;
      },
    };
    const others = PHASES.filter((phase) => phase !== 'tenant killed');
    for (const phase of [...(number % 2 === 0 ? others : others.toReversed()), 'tenant killed' as const]) {
      this.#say(phase);
      await mainThreadDelays(this.#gateway.address);
      const heard = await phases[phase]();
      await this.#noteDelays(phase);
      if (heard) this.values.noteCalls(`${phase}: load`, heard.asked[VICTIM]!);
      if (heard) this.values.note(`${phase}: calls a second`, heard.asked[VICTIM]!.latencies.length / heard.seconds);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  /** The others' calls while the generator asks `target`: so many times, or until their time is over. */
  async #loaded(phase: Phase, target: Target, calls: number | null): Promise<Heard> {
    const loading = this.#generator.ask({ targets: [target], atOnce: AT_ONCE, seconds: null, calls });
    if (calls === null) {
      await this.#others(phase, this.#seconds);
      this.#generator.enough();
      return loading;
    }
    // As long as the burst takes, and no longer.
    const asking = this.#others(phase, null);
    const heard = await loading;
    this.#caller.enough();
    await asking;
    return heard;
  }

  async #noteDelays(phase: Phase): Promise<void> {
    const { gateway, tenants } = await mainThreadDelays(this.#gateway.address);
    this.values.note(`${phase}: ${GATEWAY}, delay`, gateway);
    // What was killed has begun anew: that is its start.
    for (const id of phase === 'tenant killed' ? OTHERS : [VICTIM, ...OTHERS]) {
      const delayMs = tenants.get(id);
      if (delayMs === undefined) throw new Error(`${id} did not say how late its main thread is: ${phase}`);
      this.values.note(`${phase}: ${id}, delay`, delayMs);
    }
  }

  async #killTenant(): Promise<void> {
    // What was killed just before is not to be taken for a crash loop.
    await wait(Math.max(0, this.#killedAtMs + STEADY_MS - performance.now()));
    const pid = await this.#victimPid();
    const asking = this.#others('tenant killed', null);
    process.kill(pid, 'SIGKILL');
    const killedAtMs = performance.now();
    await this.#victimIsBack(killedAtMs);
    this.values.note('tenant killed: back', (performance.now() - killedAtMs) / 1000);
    this.#killedAtMs = performance.now();
    this.#caller.enough();
    await asking;
  }

  async #victimIsBack(sinceMs: number): Promise<void> {
    // Until somebody has seen that it is gone, it may look as if it were there.
    let wasDown = false;
    while (performance.now() - sinceMs < BACK_WITHIN_MS) {
      const { status } = await fetch(`${this.#gateway.address}/${VICTIM}/ready`).catch(() => ({ status: 0 }));
      if (status !== 200) wasDown = true;
      else if (wasDown) return;
      await wait(LOOK_EVERY_MS);
    }
    throw new Error(`${VICTIM} did not come back`);
  }

  /** One call after the other, to each of them in turn. `seconds` null: until it is enough. */
  async #others(phase: Phase, seconds: number | null): Promise<void> {
    const { same, other } = this.#questions;
    const targets = [same, other].flatMap((question) => OTHERS.map((id) => this.#gateway.target(question, id, id)));
    const { asked, ownDelayP99Ms } = await this.#caller.ask({ targets, atOnce: 1, seconds, calls: null });
    this.values.note(`${phase}: ${CALLER}, delay`, ownDelayP99Ms);
    for (const id of OTHERS) this.values.noteCalls(`${phase}: ${id}`, asked[id]!);
  }

  async #victimPid(): Promise<number> {
    const answer = await fetch(`${this.#gateway.address}/tenants/${VICTIM}`);
    const { pid } = (await answer.json()) as TenantView;
    if (!pid) throw new Error(`${VICTIM} does not run: ${answer.status}`);
    return pid;
  }
}
