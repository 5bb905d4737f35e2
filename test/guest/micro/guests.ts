/**
 * Guests of a few instructions for MicroVm, entered at 0x1000: 32-bit protected mode, flat, interrupts off, unless they
 * say otherwise. A write to port 0xf8 ends the run. Memory from 0x3000 on is where they leave results.
 */
import { listing } from './listing.ts';

/** Ports: writes of 1, 2 and 4 bytes, then reads of 1, 2 and 4 into 0x3000, 0x3004, 0x3008. */
export const portWidths = listing(`
  66 ba 00 03    | mov dx,0x300
  b8 11 22 33 44 | mov eax,0x44332211
  ee             | out dx,al
  66 ef          | out dx,ax
  ef             | out dx,eax
  31 c0          | xor eax,eax
  ec             | in al,dx
  a3 00 30 00 00 | mov ds:0x3000,eax
  31 c0          | xor eax,eax
  66 ed          | in ax,dx
  a3 04 30 00 00 | mov ds:0x3004,eax
  ed             | in eax,dx
  a3 08 30 00 00 | mov ds:0x3008,eax
  e6 f8          | out 0xf8,al
  f4             | hlt
`);

/** Five bytes from 0x3000 out, three words from 0x3010 out, four bytes in to 0x3020, two double words in to 0x3030. */
export const portStrings = listing(`
  fc             | cld
  66 ba 00 03    | mov dx,0x300
  be 00 30 00 00 | mov esi,0x3000
  b9 05 00 00 00 | mov ecx,0x5
  f3 6e          | rep outs dx,BYTE PTR ds:[esi]
  be 10 30 00 00 | mov esi,0x3010
  b9 03 00 00 00 | mov ecx,0x3
  66 f3 6f       | rep outs dx,WORD PTR ds:[esi]
  bf 20 30 00 00 | mov edi,0x3020
  b9 04 00 00 00 | mov ecx,0x4
  f3 6c          | rep ins BYTE PTR es:[edi],dx
  bf 30 30 00 00 | mov edi,0x3030
  b9 02 00 00 00 | mov ecx,0x2
  f3 6d          | rep ins DWORD PTR es:[edi],dx
  e6 f8          | out 0xf8,al
  f4             | hlt
`);

/** MMIO at 0xd8000000: writes of 1, 2 and 4 bytes, reads of 1, 2 and 4 into 0x3000, 0x3004, 0x3008. */
export const mmioWidths = listing(`
  bf 00 00 00 d8 | mov edi,0xd8000000
  b8 11 22 33 44 | mov eax,0x44332211
  88 07          | mov BYTE PTR [edi],al
  66 89 07       | mov WORD PTR [edi],ax
  89 07          | mov DWORD PTR [edi],eax
  31 c0          | xor eax,eax
  8a 07          | mov al,BYTE PTR [edi]
  a3 00 30 00 00 | mov ds:0x3000,eax
  31 c0          | xor eax,eax
  66 8b 07       | mov ax,WORD PTR [edi]
  a3 04 30 00 00 | mov ds:0x3004,eax
  8b 07          | mov eax,DWORD PTR [edi]
  a3 08 30 00 00 | mov ds:0x3008,eax
  e6 f8          | out 0xf8,al
  f4             | hlt
`);

/** Eight bytes in one access: cmpxchg8b reads them, and writes ecx:ebx, because edx:eax is what it read. */
export const mmioEight = listing(`
  bf 00 00 00 d8    | mov edi,0xd8000000
  b8 a0 a1 a2 a3    | mov eax,0xa3a2a1a0
  ba a4 a5 a6 a7    | mov edx,0xa7a6a5a4
  bb 11 22 33 44    | mov ebx,0x44332211
  b9 55 66 77 88    | mov ecx,0x88776655
  0f c7 0f          | cmpxchg8b QWORD PTR [edi]
  a3 00 30 00 00    | mov ds:0x3000,eax
  89 15 04 30 00 00 | mov DWORD PTR ds:0x3004,edx
  e6 f8             | out 0xf8,al
  f4                | hlt
`);

/** Four bytes each way across the end of an eight-byte device. */
export const mmioEdge = listing(`
  bf 06 00 00 d8    | mov edi,0xd8000006
  c7 07 11 22 33 44 | mov DWORD PTR [edi],0x44332211
  8b 07             | mov eax,DWORD PTR [edi]
  a3 00 30 00 00    | mov ds:0x3000,eax
  e6 f8             | out 0xf8,al
  f4                | hlt
`);

/** One instruction that reads one register and writes another, and two double words into RAM at 0x3000. */
export const mmioToMmio = listing(`
  fc             | cld
  be 00 00 00 d8 | mov esi,0xd8000000
  bf 10 00 00 d8 | mov edi,0xd8000010
  a5             | movs DWORD PTR es:[edi],DWORD PTR ds:[esi]
  be 00 00 00 d8 | mov esi,0xd8000000
  bf 00 30 00 00 | mov edi,0x3000
  b9 02 00 00 00 | mov ecx,0x2
  f3 a5          | rep movs DWORD PTR es:[edi],DWORD PTR ds:[esi]
  e6 f8          | out 0xf8,al
  f4             | hlt
`);

/** Reads of nothing: MMIO of 1, 2 and 4 bytes, a port of 4, into 0x3000, 0x3004, 0x3008, 0x300c; writes to both. */
export const holes = listing(`
  bf 00 00 00 d8 | mov edi,0xd8000000
  31 c0          | xor eax,eax
  8a 07          | mov al,BYTE PTR [edi]
  a3 00 30 00 00 | mov ds:0x3000,eax
  31 c0          | xor eax,eax
  66 8b 07       | mov ax,WORD PTR [edi]
  a3 04 30 00 00 | mov ds:0x3004,eax
  8b 07          | mov eax,DWORD PTR [edi]
  a3 08 30 00 00 | mov ds:0x3008,eax
  66 ba f0 02    | mov dx,0x2f0
  ed             | in eax,dx
  a3 0c 30 00 00 | mov ds:0x300c,eax
  89 07          | mov DWORD PTR [edi],eax
  ef             | out dx,eax
  e6 f8          | out 0xf8,al
  f4             | hlt
`);

/** Writes across 1 GiB and at the end of low RAM, and reads what lies behind it. */
export const ramEdges = listing(`
  c7 05 fe ff ff 3f 11 22 33 44 | mov DWORD PTR ds:0x3ffffffe,0x44332211
  c7 05 fc ff ff bf 55 66 77 88 | mov DWORD PTR ds:0xbffffffc,0x88776655
  a1 00 00 00 c0                | mov eax,ds:0xc0000000
  a3 00 30 00 00                | mov ds:0x3000,eax
  e6 f8                         | out 0xf8,al
  f4                            | hlt
`);

/** 64-bit mode: reads at 4 GiB + 0x1000 to 0x3000, writes behind it. */
export const ramAbove4GiB = listing(`
  48 bb 00 10 00 00 01 00 00 00 | movabs rbx,0x100001000
  8b 03                         | mov eax,DWORD PTR [rbx]
  89 04 25 00 30 00 00          | mov DWORD PTR ds:0x3000,eax
  c7 43 04 11 22 33 44          | mov DWORD PTR [rbx+0x4],0x44332211
  e6 f8                         | out 0xf8,al
  f4                            | hlt
`);

/** Real mode. The 8259A at vector 0x20, only IRQ 4 open; COM1 told to interrupt when it can send; sleeps until it does. */
export const uartInterrupt = listing(`
  31 c0             | xor ax,ax
  8e d8             | mov ds,ax
  8e d0             | mov ss,ax
  bc 00 70          | mov sp,0x7000
  c7 06 90 00 3b 10 | mov WORD PTR ds:0x90,0x103b
  a3 92 00          | mov ds:0x92,ax
  b0 11             | mov al,0x11
  e6 20             | out 0x20,al
  b0 20             | mov al,0x20
  e6 21             | out 0x21,al
  b0 04             | mov al,0x4
  e6 21             | out 0x21,al
  b0 01             | mov al,0x1
  e6 21             | out 0x21,al
  b0 ef             | mov al,0xef
  e6 21             | out 0x21,al
  ba fc 03          | mov dx,0x3fc
  b0 08             | mov al,0x8
  ee                | out dx,al
  ba f9 03          | mov dx,0x3f9
  b0 02             | mov al,0x2
  ee                | out dx,al
  fb                | sti
  f4                | hlt
  b0 42             | mov al,0x42
  e6 e9             | out 0xe9,al
  e6 f8             | out 0xf8,al
  f4                | hlt
  b0 41             | mov al,0x41
  e6 e9             | out 0xe9,al
  ba fa 03          | mov dx,0x3fa
  ec                | in al,dx
  e6 e9             | out 0xe9,al
  b0 20             | mov al,0x20
  e6 20             | out 0x20,al
  cf                | iret
`);

/** Real mode. As before, but for received bytes: each is answered from the handler; a newline ends it. */
export const echoByInterrupt = listing(`
  31 c0             | xor ax,ax
  8e d8             | mov ds,ax
  8e d0             | mov ss,ax
  bc 00 70          | mov sp,0x7000
  c7 06 90 00 3c 10 | mov WORD PTR ds:0x90,0x103c
  a3 92 00          | mov ds:0x92,ax
  b0 11             | mov al,0x11
  e6 20             | out 0x20,al
  b0 20             | mov al,0x20
  e6 21             | out 0x21,al
  b0 04             | mov al,0x4
  e6 21             | out 0x21,al
  b0 01             | mov al,0x1
  e6 21             | out 0x21,al
  b0 ef             | mov al,0xef
  e6 21             | out 0x21,al
  ba fc 03          | mov dx,0x3fc
  b0 08             | mov al,0x8
  ee                | out dx,al
  ba f9 03          | mov dx,0x3f9
  b0 01             | mov al,0x1
  ee                | out dx,al
  ba f8 03          | mov dx,0x3f8
  b0 3e             | mov al,0x3e
  ee                | out dx,al
  fb                | sti
  f4                | hlt
  eb fc             | jmp 1038
  ba f8 03          | mov dx,0x3f8
  ec                | in al,dx
  ee                | out dx,al
  3c 0a             | cmp al,0xa
  74 05             | je 104a
  b0 20             | mov al,0x20
  e6 20             | out 0x20,al
  cf                | iret
  e6 f8             | out 0xf8,al
  f4                | hlt
`);

/** No interrupt table: the invalid opcode, the double fault and its handler all fail. */
export const tripleFault = listing(`
  0f 0b | ud2
`);

/** Reads and writes every port, one byte each. */
export const everyPort = listing(`
  31 d2 | xor edx,edx
  b0 ff | mov al,0xff
  ee    | out dx,al
  ec    | in al,dx
  66 42 | inc dx
  75 f8 | jne 1002
  e6 f8 | out 0xf8,al
  f4    | hlt
`);

export const EVERY_HOLE_STEP = 0x4_0000;

/** Writes and reads a double word every 256 KiB from the end of RAM (esi = 0x00400000) to the end of 32 bits. */
export const everyHole = listing(`
  be 00 00 40 00    | mov esi,0x400000
  b8 ff ff ff ff    | mov eax,0xffffffff
  89 06             | mov DWORD PTR [esi],eax
  8b 1e             | mov ebx,DWORD PTR [esi]
  81 c6 00 00 04 00 | add esi,0x40000
  75 f4             | jne 100a
  e6 f8             | out 0xf8,al
  f4                | hlt
`);

/** Tells its registers, the interrupt mask, the local APIC's SVR and TPR, COM1's scratch register and a byte of CMOS; then changes all of them. */
export const dumpAndSpoil = listing(`
  60                            | pusha
  89 e6                         | mov esi,esp
  b9 20 00 00 00                | mov ecx,0x20
  66 ba e9 00                   | mov dx,0xe9
  fc                            | cld
  f3 6e                         | rep outs dx,BYTE PTR ds:[esi]
  e4 21                         | in al,0x21
  ee                            | out dx,al
  a1 f0 00 e0 fe                | mov eax,ds:0xfee000f0
  ee                            | out dx,al
  88 e0                         | mov al,ah
  ee                            | out dx,al
  a1 80 00 e0 fe                | mov eax,ds:0xfee00080
  ee                            | out dx,al
  66 ba ff 03                   | mov dx,0x3ff
  ec                            | in al,dx
  e6 e9                         | out 0xe9,al
  b0 0b                         | mov al,0xb
  e6 70                         | out 0x70,al
  e4 71                         | in al,0x71
  e6 e9                         | out 0xe9,al
  b0 5a                         | mov al,0x5a
  e6 21                         | out 0x21,al
  c7 05 f0 00 e0 fe a5 01 00 00 | mov DWORD PTR ds:0xfee000f0,0x1a5
  c7 05 80 00 e0 fe 70 00 00 00 | mov DWORD PTR ds:0xfee00080,0x70
  66 ba ff 03                   | mov dx,0x3ff
  ee                            | out dx,al
  b0 0b                         | mov al,0xb
  e6 70                         | out 0x70,al
  b0 72                         | mov al,0x72
  e6 71                         | out 0x71,al
  b0 34                         | mov al,0x34
  e6 43                         | out 0x43,al
  b8 78 56 34 12                | mov eax,0x12345678
  89 c1                         | mov ecx,eax
  89 c2                         | mov edx,eax
  89 c3                         | mov ebx,eax
  89 c6                         | mov esi,eax
  89 c7                         | mov edi,eax
  89 c5                         | mov ebp,eax
  e6 f8                         | out 0xf8,al
  f4                            | hlt
`);

export const debugExit = listing(`
  b8 21 00 00 00 | mov eax,0x21
  e7 f4          | out 0xf4,eax
  e6 f8          | out 0xf8,al
  f4             | hlt
`);

/** POST code 0x55; memory above 16 MiB in 64 KiB units (registers 0x34 and 0x35) to 0x3000 and 0x3001. */
export const cmos = listing(`
  b0 55          | mov al,0x55
  e6 80          | out 0x80,al
  b0 34          | mov al,0x34
  e6 70          | out 0x70,al
  e4 71          | in al,0x71
  a2 00 30 00 00 | mov ds:0x3000,al
  b0 35          | mov al,0x35
  e6 70          | out 0x70,al
  e4 71          | in al,0x71
  a2 01 30 00 00 | mov ds:0x3001,al
  e4 80          | in al,0x80
  a2 02 30 00 00 | mov ds:0x3002,al
  e6 f8          | out 0xf8,al
  f4             | hlt
`);

/** 2000 bytes to COM1 without ever asking whether there is room; then LSR to 0x3000. */
export const printBlindly = listing(`
  b9 d0 07 00 00 | mov ecx,0x7d0
  66 ba f8 03    | mov dx,0x3f8
  b0 2e          | mov al,0x2e
  ee             | out dx,al
  49             | dec ecx
  75 fc          | jne 100b
  66 ba fd 03    | mov dx,0x3fd
  ec             | in al,dx
  a2 00 30 00 00 | mov ds:0x3000,al
  e6 f8          | out 0xf8,al
  f4             | hlt
`);

/** Sleeps with interrupts off: only a kick gets it out. */
export const sleep = listing(`
  e6 80 | out 0x80,al
  fa    | cli
  f4    | hlt
`);
