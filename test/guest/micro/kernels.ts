/**
 * Kernels of a few instructions for real VM hosts, loaded at 1 MiB and entered by PVH: 32-bit protected mode, flat,
 * paging and interrupts off.
 */
import { listing } from './listing.ts';

/** Where kernels lie and start. */
export const KERNEL_START = 0x10_0000;

/** Prints "up" and a newline, and sleeps for good. */
export const idle = listing(`
  66 ba f8 03 | mov dx,0x3f8
  b0 75       | mov al,0x75
  ee          | out dx,al
  b0 70       | mov al,0x70
  ee          | out dx,al
  b0 0a       | mov al,0xa
  ee          | out dx,al
  f4          | hlt
  eb fd       | jmp 10000d
`);

/** Never leaves the processor. */
export const spin = listing(`
  eb fe | jmp 100000
`);

/**
 * Wakes every other processor by INIT and SIPI (SDM 3A §9.4.4), which runs `atWake` at 0x8000 in real mode: four bytes of
 * code; prints "up" and a newline, and sleeps.
 */
function wakeAll(atWake: string): Uint8Array {
  return listing(`
  c7 05 00 80 00 00 ${atWake} | mov DWORD PTR ds:0x8000,atWake
  c7 05 00 03 e0 fe 00 45 0c 00 | mov DWORD PTR ds:0xfee00300,0xc4500
  c7 05 00 03 e0 fe 08 46 0c 00 | mov DWORD PTR ds:0xfee00300,0xc4608
  66 ba f8 03                   | mov dx,0x3f8
  b0 75                         | mov al,0x75
  ee                            | out dx,al
  b0 70                         | mov al,0x70
  ee                            | out dx,al
  b0 0a                         | mov al,0xa
  ee                            | out dx,al
  f4                            | hlt
  eb fd                         | jmp 10002b
`);
}

/** Every other processor leaves once for port 0x80 (`out 0x80,al`) and sleeps for good. */
export const everyProcessorSleeps = wakeAll('e6 80 f4 f4');

/** Every other processor leaves once for port 0x80 and never again: `jmp` to itself. */
export const everyProcessorSpins = wakeAll('e6 80 eb fe');

export const tripleFaultForever = listing(`
  0f 0b | ud2
`);

/** Resets itself through port 0xcf9 (PIIX3 §2.5.1), again and again. */
export const resetForever = listing(`
  66 ba f9 0c | mov dx,0xcf9
  b0 06       | mov al,0x6
  ee          | out dx,al
  f4          | hlt
`);

/** Writes to and reads from every port, but for the three that reset and the one that ends a debugged guest. */
export const everyPortForever = listing(`
  66 42          | inc dx
  66 83 fa 64    | cmp dx,0x64
  74 f8          | je 100000
  66 81 fa 92 00 | cmp dx,0x92
  74 f1          | je 100000
  66 81 fa f9 0c | cmp dx,0xcf9
  74 ea          | je 100000
  88 d0          | mov al,dl
  ee             | out dx,al
  ec             | in al,dx
  eb e4          | jmp 100000
`);

/** Writes and reads a double word in every page from 3 GiB to 4 GiB. */
export const everyHoleForever = listing(`
  be 00 00 00 c0    | mov esi,0xc0000000
  89 36             | mov DWORD PTR [esi],esi
  8b 06             | mov eax,DWORD PTR [esi]
  81 c6 00 10 00 00 | add esi,0x1000
  75 f4             | jne 100005
  be 00 00 00 c0    | mov esi,0xc0000000
  eb ed             | jmp 100005
`);

/** Tells pvpanic that it has panicked, and sleeps. */
export const panic = listing(`
  66 ba 05 05 | mov dx,0x505
  b0 01       | mov al,0x1
  ee          | out dx,al
  f4          | hlt
  eb fd       | jmp 100007
`);

/** Enables the power button's status bit, prints "up", waits for the button and switches itself off (S5 is 5). */
export const polite = listing(`
  66 ba 02 06 | mov dx,0x602
  66 b8 00 01 | mov ax,0x100
  66 ef       | out dx,ax
  66 ba f8 03 | mov dx,0x3f8
  b0 75       | mov al,0x75
  ee          | out dx,al
  b0 70       | mov al,0x70
  ee          | out dx,al
  b0 0a       | mov al,0xa
  ee          | out dx,al
  66 ba 00 06 | mov dx,0x600
  66 ed       | in ax,dx
  f6 c4 01    | test ah,0x1
  74 f9       | je 10001b
  66 ba 04 06 | mov dx,0x604
  66 b8 00 34 | mov ax,0x3400
  66 ef       | out dx,ax
  f4          | hlt
`);

/** Writes "dbg" to the debug console and sleeps. */
export const debugPrinter = listing(`
  b0 64 | mov al,0x64
  e6 e9 | out 0xe9,al
  b0 62 | mov al,0x62
  e6 e9 | out 0xe9,al
  b0 67 | mov al,0x67
  e6 e9 | out 0xe9,al
  f4    | hlt
  eb fd | jmp 10000c
`);

/** Writes 3 to the debug exit port, and would print were it still there. */
export const leave = listing(`
  b0 03       | mov al,0x3
  e6 f4       | out 0xf4,al
  66 ba f8 03 | mov dx,0x3f8
  b0 58       | mov al,0x58
  ee          | out dx,al
  f4          | hlt
`);

/** Prints "b" and goes on with x87, which KVM's own instruction emulator does not do. */
export const broken = listing(`
  66 ba f8 03 | mov dx,0x3f8
  b0 62       | mov al,0x62
  ee          | out dx,al
  db e3       | fninit
  d9 e8       | fld1
  f4          | hlt
`);

/** Sends back what it receives, waiting for room. */
export const echo = listing(`
  b3 3e       | mov bl,0x3e
  66 ba f8 03 | mov dx,0x3f8
  88 d8       | mov al,bl
  ee          | out dx,al
  66 ba fd 03 | mov dx,0x3fd
  ec          | in al,dx
  a8 01       | test al,0x1
  74 f7       | je 100009
  66 ba f8 03 | mov dx,0x3f8
  ec          | in al,dx
  88 c3       | mov bl,al
  66 ba fd 03 | mov dx,0x3fd
  ec          | in al,dx
  a8 20       | test al,0x20
  74 f7       | je 100019
  66 ba f8 03 | mov dx,0x3f8
  88 d8       | mov al,bl
  ee          | out dx,al
  eb de       | jmp 100009
`);

/** Prints bytes 0, 1, 2 … in bursts of 16 whenever THRE promises room for one (FIFOs on), `count / 16` times; then sleeps. The count is patched in. */
export const printer = listing(`
  66 ba fa 03       | mov dx,0x3fa
  b0 01             | mov al,0x1
  ee                | out dx,al
  fc                | cld
  bf 00 00 20 00    | mov edi,0x200000
  31 c0             | xor eax,eax
  aa                | stos BYTE PTR es:[edi],al
  fe c0             | inc al
  75 fb             | jne 10000f
  bd 11 11 11 11    | mov ebp,0x11111111
  be 00 00 20 00    | mov esi,0x200000
  66 ba fd 03       | mov dx,0x3fd
  ec                | in al,dx
  a8 20             | test al,0x20
  74 fb             | je 100022
  66 ba f8 03       | mov dx,0x3f8
  b9 10 00 00 00    | mov ecx,0x10
  f3 6e             | rep outs dx,BYTE PTR ds:[esi]
  4d                | dec ebp
  74 0a             | je 10003f
  81 fe 00 01 20 00 | cmp esi,0x200100
  75 e1             | jne 10001e
  eb da             | jmp 100019
  f4                | hlt
  eb fd             | jmp 10003f
`);

/** Prints for ever, in bursts of 16 whenever THRE promises room for one. */
export const flood = listing(`
  66 ba fa 03    | mov dx,0x3fa
  b0 01          | mov al,0x1
  ee             | out dx,al
  fc             | cld
  66 ba fd 03    | mov dx,0x3fd
  ec             | in al,dx
  a8 20          | test al,0x20
  74 fb          | je 10000c
  66 ba f8 03    | mov dx,0x3f8
  be 00 00 10 00 | mov esi,0x100000
  b9 10 00 00 00 | mov ecx,0x10
  f3 6e          | rep outs dx,BYTE PTR ds:[esi]
  eb e5          | jmp 100008
`);
