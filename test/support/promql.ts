import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

export interface Matcher {
  readonly label: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** One `name{label="value"}` of an expression. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
  /** What the aggregations around it go `by`, or an operator `on`. */
  readonly grouped: readonly string[];
}

export interface PromQuery {
  readonly selectors: readonly Selector[];
  /** The labels that the outermost aggregations leave; null where there is none, and all stay. */
  readonly by: readonly string[] | null;
}

/**
 * Reads an expression with Prometheus' own grammar. Grafana's `$__rate_interval` stands for a duration, its other variables stay
 * as they are.
 *
 * @throws where it is not PromQL.
 */
export function readPromql(written: string): PromQuery {
  const text = written.replaceAll('$__rate_interval', '1m');
  const tree = parser.parse(text);
  const of = (node: SyntaxNode) => text.slice(node.from, node.to);
  const selectors: Selector[] = [];
  let by: string[] | null = null;
  tree.iterate({
    enter(at) {
      if (at.type.isError) throw new Error(`not PromQL at "${text.slice(at.from, at.from + 30)}" of: ${written}`);
      if (at.name === 'VectorSelector') {
        const { node } = at;
        const metric = node.getChild('Identifier');
        if (!metric) throw new Error(`a selector without a name in: ${written}`);
        const matchers = (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map((each) => ({
          label: of(each.getChild('LabelName')!),
          op: of(each.getChild('MatchOp')!) as Matcher['op'],
          value: of(each.getChild('StringLiteral')!).slice(1, -1),
        }));
        selectors.push({ metric: of(metric), matchers, grouped: groupsAround(node, of) });
      }
      if (at.name === 'AggregateModifier' && at.node.getChild('By') && !isInAggregate(at.node.parent)) {
        by = [...new Set([...(by ?? []), ...labelsOf(at.node, of)])];
      }
    },
  });
  if (selectors.length === 0) throw new Error(`no metric in: ${written}`);
  return { selectors, by };
}

function labelsOf(modifier: SyntaxNode, of: (node: SyntaxNode) => string): string[] {
  return modifier.getChildren('GroupingLabels').flatMap((labels) => labels.getChildren('LabelName').map(of));
}

function groupsAround(node: SyntaxNode, of: (node: SyntaxNode) => string): string[] {
  const groups: string[] = [];
  for (let up = node.parent; up; up = up.parent) {
    for (const kind of ['AggregateModifier', 'MatchingModifierClause']) {
      const modifier = up.getChild(kind);
      if (modifier) groups.push(...labelsOf(modifier, of));
    }
  }
  return groups;
}

function isInAggregate(aggregate: SyntaxNode | null): boolean {
  for (let up = aggregate?.parent ?? null; up; up = up.parent) if (up.name === 'AggregateExpr') return true;
  return false;
}

/** Series of Prometheus' text format. */
export interface Exposed {
  readonly type: string;
  /** Of each series that there is. */
  readonly series: readonly Readonly<Record<string, string>>[];
}

/** What a server exposes, by the names that expressions use: a histogram also with `_bucket`, `_sum` and `_count`. */
export function readExposition(text: string): Map<string, Exposed> {
  const found = new Map<string, { type: string; series: Record<string, string>[] }>();
  for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const names = type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name];
    for (const each of names) found.set(each, { type, series: [] });
  }
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/gm)) {
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, value]) => [label, value]);
    found.get(name)?.series.push(Object.fromEntries(pairs));
  }
  return found;
}
