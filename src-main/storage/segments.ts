/** Calls `each` with the pieces of `segments` that make up `length` bytes after the first `skip`. */
export function forPieces(
  segments: readonly Uint8Array[],
  skip: number,
  length: number,
  each: (segment: Uint8Array, from: number, to: number, position: number) => void,
): void {
  let before = skip;
  let position = 0;
  for (let i = 0; i < segments.length && position < length; i++) {
    const segment = segments[i]!;
    if (before >= segment.length) {
      before -= segment.length;
      continue;
    }
    const to = Math.min(segment.length, before + length - position);
    each(segment, before, to, position);
    position += to - before;
    before = 0;
  }
}

export function zeroSegments(segments: readonly Uint8Array[], skip: number, length: number): void {
  forPieces(segments, skip, length, (segment, from, to) => segment.fill(0, from, to));
}

/** Copies `bytes` into `segments` after their first `skip` bytes. */
export function scatter(bytes: Uint8Array, segments: readonly Uint8Array[], skip: number): void {
  forPieces(segments, skip, bytes.length, (segment, from, to, position) =>
    segment.set(bytes.subarray(position, position + to - from), from),
  );
}

/** Copies from `segments` after their first `skip` bytes until `bytes` is full. */
export function gather(segments: readonly Uint8Array[], skip: number, bytes: Uint8Array): void {
  forPieces(segments, skip, bytes.length, (segment, from, to, position) =>
    bytes.set(segment.subarray(from, to), position),
  );
}
