/**
 * A disk whose boot sector writes a line to COM1 and halts. 16-bit code, as a BIOS jumps to it at 0:7C00:
 * `cld; xor ax,ax; mov ds,ax; mov si,text; next: lodsb; test al,al; jz end; mov dx,3F8h; out dx,al; jmp next; end: hlt; jmp end`.
 */
export function diskSaying(text: string): Uint8Array {
  const code = [0xfc, 0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x16, 0x7c, 0xac, 0x84, 0xc0, 0x74, 0x06, 0xba, 0xf8, 0x03];
  code.push(0xee, 0xeb, 0xf5, 0xf4, 0xeb, 0xfd);
  // SeaBIOS reads nothing from a disk with less than a cylinder.
  const disk = Buffer.alloc(2 ** 20);
  disk.set(code);
  disk.write(`${text}\r\n`, code.length, 'latin1');
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}
