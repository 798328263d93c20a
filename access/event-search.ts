import type { StatementSync } from 'node:sqlite';
import type { AccessEventType } from '../pipeline/access-event.ts';
import type { DatabaseFile } from '../storage/database-file.ts';
import type { EventRow } from './event-row.ts';

/** An event must be of one of each list that is there. An empty list: none is. */
export interface EventFilter {
  types?: readonly AccessEventType[] | undefined;
  /** Ids; leaves out what is of no door. */
  doors?: readonly string[] | undefined;
  /** Ids; leaves out what is of no camera. */
  cameras?: readonly string[] | undefined;
  /** An id or a name, exactly. */
  subject?: string | undefined;
}

export interface SearchOptions extends EventFilter {
  /** Numbers between these two, neither of them included. */
  after: number;
  before: number;
  /** From which end. */
  from: 'oldest' | 'newest';
  limit: number;
}

interface Column {
  readonly name: string;
  readonly values: readonly string[];
  /** How a value is looked up; each index ends with the number, so that what it finds comes in order. */
  readonly ways: readonly { readonly index: string; readonly where: (value: string) => string }[];
}

/**
 * Finds events of a filter. One list of it is looked up by its index, value by value, and each stops at the limit; the other
 * lists are held against what is found.
 */
export class EventSearch {
  readonly #file: DatabaseFile;
  readonly #statements = new Map<string, StatementSync>();

  constructor(file: DatabaseFile) {
    this.#file = file;
  }

  /** How many lists a filter has: with more than one, events are read that are then left out. */
  static lists(filter: EventFilter): number {
    return columnsOf(filter).length;
  }

  /** In the order of `from`. */
  rows({ after, before, from, limit, ...filter }: SearchOptions): EventRow[] {
    const columns = columnsOf(filter);
    if (columns.some(({ values }) => values.length === 0)) return [];
    const [lead, ...others] = columns;
    const order = `ORDER BY sequence ${from === 'oldest' ? 'ASC' : 'DESC'} LIMIT :limit`;
    const range = 'sequence > :after AND sequence < :before';
    const given: Record<string, string | number> = { after, before, limit };
    let sql = `SELECT * FROM events WHERE ${range} ${order}`;
    if (lead) {
      const also = others.map((column, i) => {
        given[`other${i}`] = JSON.stringify(column.values);
        return ` AND ${column.name} IN (SELECT value FROM json_each(:other${i}))`;
      });
      const each = lead.values.flatMap((value, i) => {
        given[`value${i}`] = value;
        return lead.ways.map(({ index, where }) => {
          const all = `${where(`:value${i}`)} AND ${range}${also.join('')}`;
          return `SELECT * FROM (SELECT * FROM events INDEXED BY ${index} WHERE ${all} ${order})`;
        });
      });
      sql = `${each.join(' UNION ALL ')} ${order}`;
    }
    return this.#prepared(sql).all(given) as unknown as EventRow[];
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      // There are as many as there are shapes of filters; callers choose how long the lists are.
      if (this.#statements.size > 100) this.#statements.clear();
      statement = this.#file.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** The list that leaves most out first. */
function columnsOf({ subject, doors, cameras, types }: EventFilter): Column[] {
  const column = (name: string, values: readonly string[] | undefined): Column[] => {
    if (values === undefined) return [];
    const where = (value: string) => `${name} = ${value}`;
    return [{ name, values: [...new Set(values)], ways: [{ index: `events_by_${name}`, where }] }];
  };
  return [
    ...(subject === undefined ? [] : [subjectColumn(subject)]),
    ...column('door', doors),
    ...column('camera', cameras),
    ...column('type', types),
  ];
}

/** Always looked up and never held against others, being the first. */
function subjectColumn(subject: string): Column {
  const ways = [
    { index: 'events_by_subject_id', where: (value: string) => `subject_id = ${value}` },
    // Not twice, whoever is named like an id.
    {
      index: 'events_by_subject_name',
      where: (value: string) => `subject_name = ${value} AND subject_id IS NOT ${value}`,
    },
  ];
  return { name: 'subject', values: [subject], ways };
}
