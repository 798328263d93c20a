import { SINGLES, type Single } from './arrangement-figures.ts';
import { type Asked, PinnedProgram, type Target } from './ask.ts';
import { whileKilled } from './kill-again-and-again.ts';
import { openFacegate } from './measured-facegate.ts';
import { type Questions, withAnswers } from './questions.ts';
import { countOf, RoundValues } from './round-values.ts';
import { sumOf, type TreeCosts, treeCosts } from './tree-costs.ts';

/** Calls before any that counts. */
const WARM_UP_CALLS = 10;
/** Of a generator that overloads what it asks. */
const OVERLOAD = 10;
/** Once, unless the phase is long: it takes seconds until another one is there. */
const KILL_EVERY_MS = 10_000;
const MIB = 2 ** 20;

/** One of each network everywhere, so that all that is compared has the same. */
const settingsWith = (isolation: 'shared' | 'thread' | 'process') => ({
  models: { detector: { isolation }, embedder: { isolation }, processes: 1 },
});
const SETTINGS: Record<Single, object> = {
  alone: settingsWith('shared'),
  threads: settingsWith('thread'),
  processes: settingsWith('process'),
};
const TENANTS = { tenants: ['a', 'b'].map((id) => ({ id, settings: SETTINGS.alone })) };

/** What the two networks take to answer, and the memory of it all, in each arrangement; and what one caller does to another. */
export class Arrangements {
  /** By the names that `arrangement-figures.ts` reads. */
  readonly values = new RoundValues();
  readonly #folder: string;
  readonly #seconds: number;
  readonly #say: (text: string) => void;
  #questions: Questions;

  constructor(o: { folder: string; seconds: number; questions: Questions; say: (text: string) => void }) {
    this.#folder = o.folder;
    this.#seconds = o.seconds;
    this.#questions = o.questions;
    this.#say = o.say;
  }

  /** With answers from its first round on. */
  get questions(): Questions {
    return this.#questions;
  }

  /** Each arrangement started anew, with the machine to itself; every other round backwards. */
  async round(number: number): Promise<void> {
    const steps = [...SINGLES.map((single) => () => this.#single(single)), () => this.#apart(), () => this.#tenants()];
    // The first one says what all others are held to.
    for (const step of number % 2 === 0 ? steps : steps.toReversed()) await step();
  }

  async #single(name: Single): Promise<void> {
    this.#say(name);
    await using facegate = await openFacegate({ folder: this.#folder, settings: SETTINGS[name] });
    if (this.#questions.same.expected === null) this.#questions = await withAnswers(this.#questions, facegate.address);
    await using other = await this.#caller([facegate.target(this.#questions.same, 'warm')]);
    const { same, detect } = this.#questions;
    const compare = [facegate.target(same, 'asked')];
    this.values.noteCalls(`${name}: compare`, await this.#asked(other, compare));
    this.values.noteCalls(
      `${name}: detect`,
      await this.#asked(other, [facegate.target(detect, 'asked')], this.#seconds / 2),
    );
    this.#noteMemory(name, treeCosts(facegate.pid));
    await using generator = await PinnedProgram.start('caller.ts', null);
    {
      await using nobody = await PinnedProgram.start('null-server.ts', null);
      const url = String(nobody.said);
      const calls = await this.#during(generator, [{ ...same, name: 'load', url, expected: null }], other, compare);
      this.values.noteCalls(`${name}: beside`, calls);
    }
    const load = [facegate.target(same, 'load')];
    this.values.noteCalls(`${name}: overloaded`, await this.#during(generator, load, other, compare));
    if (name === 'threads') return;
    const { result, kills } = await whileKilled(facegate.pid, KILL_EVERY_MS, () => this.#asked(other, compare));
    this.values.noteCalls(`${name}: killed`, result);
    this.values.note(`${name}: kills`, kills);
  }

  /** Two facegates that know nothing of each other: what two tenants would be without a gateway. */
  async #apart(): Promise<void> {
    this.#say('two facegates');
    await using first = await openFacegate({ folder: this.#folder, settings: SETTINGS.alone });
    await using second = await openFacegate({ folder: this.#folder, settings: SETTINGS.alone });
    await this.#both(
      'apart',
      first.target(this.#questions.same, 'asked'),
      second.target(this.#questions.same, 'asked'),
    );
    this.#noteMemory('apart', treeCosts(first.pid), treeCosts(second.pid));
  }

  async #tenants(): Promise<void> {
    this.#say('two tenants');
    const { same, detect } = this.#questions;
    await using gateway = await openFacegate({ folder: this.#folder, settings: TENANTS });
    const [a, b] = [gateway.target(same, 'asked', 'a'), gateway.target(same, 'asked', 'b')];
    {
      await using caller = await this.#caller([a, b]);
      this.values.noteCalls('tenants: compare', await this.#asked(caller, [a]));
      this.values.noteCalls(
        'tenants: detect',
        await this.#asked(caller, [gateway.target(detect, 'asked', 'a')], this.#seconds / 2),
      );
    }
    await this.#both('tenants', a, b);
    this.#noteMemory('tenants', treeCosts(gateway.pid));
  }

  /** Both at the same time, each by a caller of its own. */
  async #both(name: string, first: Target, second: Target): Promise<void> {
    await using a = await this.#caller([first]);
    await using b = await this.#caller([second]);
    const [one, two] = await Promise.all([this.#asked(a, [first]), this.#asked(b, [second])]);
    this.values.noteCalls(`${name}: compare, both`, {
      latencies: [...one.latencies, ...two.latencies],
      wrong: one.wrong + two.wrong,
      failed: { first: countOf(one.failed), second: countOf(two.failed) },
    });
  }

  async #caller(targets: readonly Target[]): Promise<PinnedProgram> {
    const caller = await PinnedProgram.start('caller.ts', null);
    await caller.ask({ targets, atOnce: 1, seconds: null, calls: WARM_UP_CALLS * targets.length });
    return caller;
  }

  async #asked(caller: PinnedProgram, targets: readonly Target[], seconds = this.#seconds): Promise<Asked> {
    const { asked } = await caller.ask({ targets, atOnce: 1, seconds, calls: null });
    return asked.asked!;
  }

  /** One caller's calls while another makes as many as it can. */
  async #during(
    generator: PinnedProgram,
    load: readonly Target[],
    other: PinnedProgram,
    targets: readonly Target[],
  ): Promise<Asked> {
    const loaded = generator.ask({ targets: load, atOnce: OVERLOAD, seconds: null, calls: null });
    const asked = await this.#asked(other, targets);
    generator.enough();
    await loaded;
    return asked;
  }

  #noteMemory(name: string, ...trees: readonly TreeCosts[]): void {
    this.values.note(`${name}: memory`, trees.reduce((sum, { memory }) => sum + sumOf(memory), 0) / MIB);
  }
}
