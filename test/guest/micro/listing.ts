/** The bytes of a listing: hexadecimal machine code, a bar, the instruction for the reader. */
export function listing(text: string): Uint8Array {
  const lines = text.split('\n').map((line) => line.split('|')[0]!.trim());
  return Uint8Array.from(
    lines.flatMap((line) => line.split(/\s+/).filter(Boolean)).map((byte) => Number.parseInt(byte, 16)),
  );
}
