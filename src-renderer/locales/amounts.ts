const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes for a person, with three digits at most: `1.5 GiB`. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${short(value)} ${units[unit]}`;
}

export function mebibytes(count: number): string {
  return bytes(count * 1024 * 1024);
}

/** A number with at most three digits that matter: `3.14`, `31.4`, `314`. */
export function short(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/** A count for a narrow place: `950`, `12.4k`, `3.1M`. */
export function count(value: number): string {
  if (value < 1000) return short(value);
  if (value < 1_000_000) return `${short(value / 1000)}k`;
  return `${short(value / 1_000_000)}M`;
}

/** How long, in its two largest units: `2 d 4 h`, `3 min 12 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([amount], index) => index === 0 || amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}
