/** A size of slice that a GPU can be cut into, and where. */
export interface SliceSize {
  /** `1g.5gb`, `1g.5gb+me` */
  readonly name: string;
  /** What `nvidia-smi mig -cgi` takes. */
  readonly id: number;
  /** How many of it there may be. */
  readonly most: number;
  readonly memoryMb: number;
  /** Where on the GPU's memory it may begin; its places are numbered from 0. */
  readonly starts: readonly number[];
  /** Places that it takes. */
  readonly size: number;
}

type Row = readonly [name: string, id: number, memoryGib: number];

const ALL = [0, 1, 2, 3, 4, 5, 6];
/** Eight places of memory, seven of processors; by profile id (NVIDIA's MIG user guide, and `-lgipp` of many machines). */
const SEVENTHS: Readonly<Record<number, Pick<SliceSize, 'starts' | 'size' | 'most'>>> = {
  19: { starts: ALL, size: 1, most: 7 },
  20: { starts: ALL, size: 1, most: 1 },
  15: { starts: [0, 2, 4, 6], size: 2, most: 4 },
  14: { starts: [0, 2, 4], size: 2, most: 3 },
  9: { starts: [0, 4], size: 4, most: 2 },
  5: { starts: [0], size: 4, most: 1 },
  0: { starts: [0], size: 8, most: 1 },
};
const QUARTERS: typeof SEVENTHS = {
  14: { starts: [0, 1, 2, 3], size: 1, most: 4 },
  21: { starts: [0, 1, 2, 3], size: 1, most: 1 },
  5: { starts: [0, 2], size: 2, most: 2 },
  6: { starts: [0, 2], size: 2, most: 1 },
  0: { starts: [0], size: 4, most: 1 },
};

interface Family {
  readonly chip: RegExp;
  /** Of the whole board, GiB, between which it is this one. */
  readonly gib: readonly [number, number];
  readonly places: typeof SEVENTHS;
  readonly rows: readonly Row[];
}

/** For GPUs that do not say it themselves: with MIG off, `nvidia-smi mig -lgip` lists nothing with many drivers. */
const FAMILIES: readonly Family[] = [
  {
    chip: /\bA30\b/,
    gib: [20, 26],
    places: QUARTERS,
    rows: [
      ['1g.6gb', 14, 5.81],
      ['1g.6gb+me', 21, 5.81],
      ['2g.12gb', 5, 11.69],
      ['2g.12gb+me', 6, 11.69],
      ['4g.24gb', 0, 23.44],
    ],
  },
  // A100 and A800 with 40 GB.
  {
    chip: /\bA[18]00\b/,
    gib: [36, 44],
    places: SEVENTHS,
    rows: sevenths(['5', '10', '20', '40'], [4.75, 9.62, 19.5, 39.25]),
  },
  // A100, A800, H100 and H800 with 80 GB.
  {
    chip: /\b[AH][18]00\b/,
    gib: [72, 86],
    places: SEVENTHS,
    rows: sevenths(['10', '20', '40', '80'], [9.5, 19.5, 39.25, 78.75]),
  },
  // H100 with 94 GB.
  {
    chip: /\bH[18]00\b/,
    gib: [88, 95],
    places: SEVENTHS,
    rows: sevenths(['12', '24', '47', '94'], [10.75, 21.62, 46.12, 92.62]),
  },
  {
    chip: /\bH200\b/,
    gib: [130, 145],
    places: SEVENTHS,
    rows: sevenths(['18', '35', '71', '141'], [16, 32.25, 69.5, 139.5]),
  },
];

function sevenths(
  [small, twice, half, whole]: readonly [string, string, string, string],
  [one, two, four, eight]: readonly [number, number, number, number],
): Row[] {
  return [
    [`1g.${small}gb`, 19, one],
    [`1g.${small}gb+me`, 20, one],
    [`1g.${twice}gb`, 15, two],
    [`2g.${twice}gb`, 14, two],
    [`3g.${half}gb`, 9, four],
    [`4g.${half}gb`, 5, four],
    [`7g.${whole}gb`, 0, eight],
  ];
}

/** The sizes of a GPU by its name and memory; null for one that this table does not know. */
export function sizesByName(name: string, totalMb: number | null): SliceSize[] | null {
  const family = FAMILIES.find(
    ({ chip, gib: [least, most] }) =>
      chip.test(name) &&
      (totalMb === null ? memoryInName(name, least, most) : totalMb >= least * 1024 && totalMb <= most * 1024),
  );
  if (!family) return null;
  return family.rows.map(([size, id, memoryGib]) => ({
    name: size,
    id,
    memoryMb: Math.floor(memoryGib * 1024),
    ...(family.places[id] as (typeof SEVENTHS)[number]),
  }));
}

/** Where the driver tells no memory: `NVIDIA A100-SXM4-40GB`. */
function memoryInName(name: string, least: number, most: number): boolean {
  const gib = Number(/(\d{2,3}) ?GB/.exec(name)?.[1] ?? Number.NaN);
  return gib >= least && gib <= most;
}

/** Where a profile of that id lies on GPUs of seven slices, for those whose driver tells the sizes and not the places. */
export function usualPlaces(id: number, name: string): Pick<SliceSize, 'starts' | 'size'> | null {
  const slices = Number(/(\d{1,2})g\./.exec(name)?.[1] ?? 0);
  const usual = SEVENTHS[id];
  const isUsual = { 19: 1, 20: 1, 15: 1, 14: 2, 9: 3, 5: 4, 0: 7 }[id] === slices;
  return usual && isUsual ? usual : null;
}
