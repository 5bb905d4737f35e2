export interface Note {
  readonly name: string;
  readonly type: number;
  readonly description: Uint8Array;
}

const NOTE_HEADER = 12;

/** The notes of one PT_NOTE segment (gABI ch. 5 "Note Section"), up to the first that does not fit. */
export function* readNotes(bytes: Uint8Array, align: number): Generator<Note> {
  const step = align === 8 ? 8 : 4;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at + NOTE_HEADER <= bytes.length) {
    const nameSize = view.getUint32(at, true);
    const descriptionSize = view.getUint32(at + 4, true);
    const descriptionAt = roundUp(at + NOTE_HEADER + nameSize, step);
    const end = descriptionAt + descriptionSize;
    if (end > bytes.length) return;
    const name = bytes.subarray(at + NOTE_HEADER, at + NOTE_HEADER + nameSize);
    yield {
      name: noteName(name),
      type: view.getUint32(at + 8, true),
      description: bytes.subarray(descriptionAt, end),
    };
    at = roundUp(end, step);
  }
}

/** Note names carry their terminating zero. */
function noteName(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder('latin1').decode(bytes.subarray(0, end < 0 ? Math.min(bytes.length, 64) : Math.min(end, 64)));
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
