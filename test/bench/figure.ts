/** One figure of the bench: `<name> ratio=… ours=… reference=… unit=… runs=… spread=…`. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** One value per run; the medians are printed. */
  readonly ours: readonly number[];
  /** One value per run, each measured right after ours: the ratio is the median over these pairs. */
  readonly reference?: readonly number[];
  /** Whether more is better, as for throughputs: the ratio is inverted, so that below 1 is always ahead. */
  readonly higherIsBetter?: boolean;
}

/** Both in turn, `runs` times after one that does not count. */
export async function inTurn(
  runs: number,
  measureOurs: (run: number) => number | Promise<number>,
  measureReference: (run: number) => number | Promise<number>,
): Promise<{ ours: number[]; reference: number[] }> {
  const ours: number[] = [];
  const reference: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const own = await measureOurs(run);
    const other = await measureReference(run);
    if (run === 0) continue;
    ours.push(own);
    reference.push(other);
  }
  return { ours, reference };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** How far apart the runs of ours are, in percent of their median. */
export function spread(values: readonly number[]): number {
  return ((Math.max(...values) - Math.min(...values)) / median(values)) * 100;
}

export function formatFigure({ name, unit, ours, reference, higherIsBetter = false }: Figure): string {
  const own = median(ours);
  const other = reference === undefined ? undefined : median(reference);
  const pairs = reference?.map((value, run) => (higherIsBetter ? value / ours[run]! : ours[run]! / value));
  const ratio = pairs === undefined ? undefined : median(pairs);
  const number = (value: number | undefined): string => (value === undefined ? '-' : value.toPrecision(4));
  return [
    name,
    `ratio=${ratio === undefined ? '-' : ratio.toFixed(3)}`,
    `ours=${number(own)}`,
    `reference=${number(other)}`,
    `unit=${unit}`,
    `runs=${ours.length}`,
    `spread=${spread(ours).toFixed(1)}`,
  ].join(' ');
}
