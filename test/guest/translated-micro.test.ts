import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { REQUEST, VCPU } from '../../src-main/vmm/vcpu/vcpu-control.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { microGuest, TranslatedGuest } from '../support/translated-guest.ts';

/** Log entries of the test chips: what kind of access, with its size in the low digit. */
const PORT_IN = 0x10;
const PORT_OUT = 0x20;
const MMIO_READ = 0x30;
const MMIO_WRITE = 0x40;

const IDTR_ADDRESS = 0x3000;
const IDT_ADDRESS = 0x4000;
const HANDLER_ADDRESS = 0x2000;
const LIDT = [0x0f, 0x01, 0x1d, 0x00, 0x30, 0x00, 0x00]; // lidt [0x3000]
const LOG_PORT = [0x66, 0xba, 0x00, 0x05]; //               mov dx, 0x500

/** What `lidt [0x3000]` loads. */
function idtr(base: number, limit: number) {
  const bytes = new Uint8Array(6);
  new DataView(bytes.buffer).setUint16(0, limit, true);
  new DataView(bytes.buffer).setUint32(2, base, true);
  return { gpa: IDTR_ADDRESS, bytes };
}

/** An IDT whose every gate leads to the handler (SDM 3A §6.11). */
function idt() {
  const gates = new BigUint64Array(256).fill(0x0000_8e00_0010_0000n | BigInt(HANDLER_ADDRESS));
  return { gpa: IDT_ADDRESS, bytes: new Uint8Array(gates.buffer) };
}

/** Both PICs initialised, vectors from 0x20, only the lines in `open` unmasked (8259A data sheet, ICW1–4, OCW1). */
function openPic(open: number): number[] {
  const write = (port: number, value: number) => [0xb0, value, 0xe6, port]; // mov al, value; out port, al
  return [
    ...[write(0x20, 0x11), write(0x21, 0x20), write(0x21, 0x04), write(0x21, 0x01)].flat(),
    ...write(0x21, 0xff & ~open),
  ];
}

/** The handler: acknowledges the PIC and logs 0x77. */
const HANDLER = {
  gpa: HANDLER_ADDRESS,
  bytes: Uint8Array.of(
    ...[0xb0, 0x20], //       mov al, 0x20
    ...[0xe6, 0x20], //       out 0x20, al
    ...LOG_PORT, //           mov dx, 0x500
    ...[0xb0, 0x77, 0xee], // mov al, 0x77; out dx, al
    0xcf, //                  iret
  ),
};

describe('a micro-guest on the translating accelerator', () => {
  let guest: TranslatedGuest;

  beforeEach(async () => {
    guest = await TranslatedGuest.create();
  });

  afterEach(() => guest.end());

  test('Linux boot.rst, 32-bit protocol: starts with the registers its entry names', async () => {
    await guest.start(
      microGuest([
        ...LOG_PORT,
        ...[0x89, 0xf0, 0xef], // mov eax, esi; out dx, eax
        ...[0x89, 0xd8, 0xef], // mov eax, ebx; out dx, eax
        ...[0x89, 0xe0, 0xef], // mov eax, esp; out dx, eax
        0xf4, //                  hlt
      ]),
    );
    expect((await guest.accesses(3)).map(([, , value]) => value)).toEqual([0x1111_1111, 0x2222_2222, 0x8000]);
    expect(guest.board.control.firstEntryMs).toBeGreaterThan(0);
  });

  test('port and MMIO accesses of every size reach the buses', async () => {
    await guest.start(
      microGuest([
        ...LOG_PORT,
        ...[0xb8, 0x44, 0x33, 0x22, 0x11], // mov eax, 0x11223344
        ...[0xee, 0x66, 0xef, 0xef], //       out dx, al; out dx, ax; out dx, eax
        0xed, //                              in eax, dx
        ...[0xbf, 0x00, 0x00, 0x00, 0xd0], // mov edi, 0xd0000000
        ...[0x89, 0x47, 0x10], //             mov [edi+0x10], eax
        ...[0x8b, 0x5f, 0x10], //             mov ebx, [edi+0x10]
        ...[0x88, 0x47, 0x01], //             mov [edi+1], al
        ...[0x66, 0x89, 0x47, 0x02], //       mov [edi+2], ax
        ...[0x89, 0xd8, 0xef], //             mov eax, ebx; out dx, eax
        0xf4, //                              hlt
      ]),
    );
    expect(await guest.accesses(9)).toEqual([
      [PORT_OUT | 1, 0, 0x44],
      [PORT_OUT | 2, 0, 0x3344],
      [PORT_OUT | 4, 0, 0x1122_3344],
      [PORT_IN | 4, 0, 0],
      [MMIO_WRITE | 4, 0x10, 0x8765_4321],
      [MMIO_READ | 4, 0x10, 0],
      [MMIO_WRITE | 1, 1, 0x21],
      [MMIO_WRITE | 2, 2, 0x4321],
      [PORT_OUT | 4, 0, 0x8765_4321],
    ]);
    expect(guest.board.control.portExits).toBe(5);
    expect(guest.board.control.mmioExits).toBe(4);
  });

  test('reads of nothing answer all ones: a port, the VGA window, the hole above RAM', async () => {
    await guest.start(
      microGuest([
        ...[0x66, 0xba, 0x99, 0x99, 0xed], //                mov dx, 0x9999; in eax, dx
        ...[...LOG_PORT, 0xef], //                           out dx, eax
        ...[0xa1, 0x00, 0x00, 0x0a, 0x00, 0xef], //          mov eax, [0xa0000]; out dx, eax
        ...[0xa1, 0x00, 0x00, 0x00, 0xe0, 0xef], //          mov eax, [0xe0000000]; out dx, eax
        ...[0x31, 0xc0, 0xa0, 0x00, 0x00, 0x00, 0x70, 0xef], // xor eax, eax; mov al, [0x70000000]; out dx, eax
        0xf4, //                                             hlt
      ]),
    );
    expect((await guest.accesses(4)).map(([, , value]) => value)).toEqual([
      0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xff,
    ]);
  });

  test('a line driven from another thread interrupts a halted guest, once per rise', async () => {
    const code = [...openPic(0x10), ...LIDT, 0xfb, 0xf4, 0xeb, 0xfd]; // …; sti; again: hlt; jmp again
    await guest.start(microGuest(code, [HANDLER, idtr(IDT_ADDRESS, 0x7ff), idt()]));
    await guest.reach(VCPU.running);
    for (const count of [1, 2, 3]) {
      guest.vm.setIrq(4, true);
      expect(await guest.accesses(count)).toHaveLength(count);
      guest.vm.setIrq(4, false);
    }
    guest.vm.setIrq(3, true);
    guest.vm.setIrq(4, true);
    expect(await guest.accesses(4)).toEqual(Array(4).fill([PORT_OUT | 1, 0, 0x77]));
  });

  test('a chip that raises its line in a port access interrupts right there, in an MMIO access soon after', async () => {
    const code = [
      ...openPic(0x30),
      ...[...LIDT, 0xfb], //                                            lidt; sti
      ...[0x66, 0xba, 0x10, 0x05, 0xb0, 0x04, 0xee], //                 mov dx, 0x510; mov al, 4; out dx, al
      ...[0xc7, 0x05, 0xfc, 0x0f, 0x00, 0xd0, 0x01, 0x00, 0x00, 0x00], // mov dword [0xd0000ffc], 1
      ...[0xeb, 0xfe], //                                               jmp $
    ];
    await guest.start(microGuest(code, [HANDLER, idtr(IDT_ADDRESS, 0x7ff), idt()]));
    expect(await guest.accesses(3)).toEqual([
      [PORT_OUT | 1, 0, 0x77],
      [MMIO_WRITE | 4, 0xffc, 1],
      [PORT_OUT | 1, 0, 0x77],
    ]);
  });

  test('the PIT interrupts at its rate, and guest time stands still while the machine is paused', async () => {
    const code = [
      ...openPic(0x01),
      ...[0xb0, 0x34, 0xe6, 0x43], //                         mov al, 0x34; out 0x43, al  (counter 0, mode 2)
      ...[0xb0, 0xa9, 0xe6, 0x40, 0xb0, 0x04, 0xe6, 0x40], // 0x4a9 = 1193 ticks: 1 kHz
      ...[...LIDT, 0xfb, 0xf4, 0xeb, 0xfd], //                lidt; sti; again: hlt; jmp again
    ];
    const from = performance.now();
    await guest.start(microGuest(code, [HANDLER, idtr(IDT_ADDRESS, 0x7ff), idt()]));
    await guest.accesses(200);
    expect(performance.now() - from).toBeGreaterThan(195);
    guest.request(REQUEST.pause);
    await guest.reach(VCPU.paused);
    const atPause = Atomics.load(guest.board.log, 0);
    const paused = performance.now();
    while (performance.now() - paused < 300) await new Promise((resolve) => setImmediate(resolve));
    expect(Atomics.load(guest.board.log, 0)).toBe(atPause);
    guest.request(REQUEST.run);
    await guest.accesses(atPause + 100);
    expect(guest.stops).toEqual([]);
  });

  test('a guest that loops for ever is paused, continued and stopped in bounded time', async () => {
    await guest.start(microGuest([0xeb, 0xfe])); // jmp $
    await guest.reach(VCPU.running);
    for (let i = 0; i < 5; i++) {
      guest.request(REQUEST.pause);
      expect(await guest.reach(VCPU.paused)).toBeLessThan(500);
      guest.request(REQUEST.run);
      expect(await guest.reach(VCPU.running)).toBeLessThan(500);
    }
  });

  test('a guest halted with interrupts off is paused in bounded time', async () => {
    await guest.start(microGuest([0xfa, 0xf4])); // cli; hlt
    await guest.reach(VCPU.running);
    guest.request(REQUEST.pause);
    expect(await guest.reach(VCPU.paused)).toBeLessThan(500);
  });

  const ud2 = [0x0f, 0x0b];
  const pageDirectory = { gpa: 0x1_0000, bytes: Uint8Array.of(0x83, 0, 0, 0) };
  const pagingOn = [
    ...[0x0f, 0x20, 0xe0, 0x83, 0xc8, 0x10, 0x0f, 0x22, 0xe0], //             mov eax, cr4; or eax, 0x10; mov cr4, eax
    ...[0xb8, 0x00, 0x00, 0x01, 0x00, 0x0f, 0x22, 0xd8], //                   mov eax, 0x10000; mov cr3, eax
    ...[0x0f, 0x20, 0xc0, 0x0d, 0x00, 0x00, 0x00, 0x80, 0x0f, 0x22, 0xc0], // mov eax, cr0; or eax, 1<<31; mov cr0, eax
  ];
  test.each([
    ['an empty IDT', [...LIDT, ...ud2], [idtr(0, 0)]],
    ['an IDT of zeros', [...LIDT, ...ud2], [idtr(0x6000, 0x7ff)]],
    ['an IDT that is not mapped', [...pagingOn, ...LIDT, ...ud2], [idtr(0x4000_0000, 0x7ff), pageDirectory]],
    [
      'no GDT entry for its handler',
      [...LIDT, ...ud2],
      [idtr(0x6000, 0x7ff), { gpa: 0x6035, bytes: Uint8Array.of(0x8e) }],
    ],
  ])(
    'SDM 3A §6.15: an exception with %s is a triple fault; the machine starts again from a reset',
    async (_, code, more) => {
      await guest.start(microGuest(code, more));
      expect(await guest.stopped()).toEqual({ kind: 'triple-fault' });
      await guest.reach(VCPU.paused);
      await guest.vm.reset();
      await guest.start(microGuest([...LOG_PORT, 0xee, 0xf4])); // out dx, al; hlt
      expect(await guest.accesses(1)).toHaveLength(1);
    },
  );

  test('what the CPU behind the accelerator cannot do is an internal error that says so', async () => {
    const code = [...LIDT, 0x66, 0xb8, 0x10, 0x00, 0x0f, 0x00, 0xd8]; // lidt; mov ax, 0x10; ltr ax
    await guest.start(microGuest(code, [HANDLER, idtr(IDT_ADDRESS, 0x7ff), idt()]));
    expect(await guest.stopped()).toMatchObject({ kind: 'internal-error', detail: expect.stringContaining('ltr') });
  });

  test('a reset clears RAM and sets the PIT and the PIC back', async () => {
    const sum = [0xa1, 0x00, 0x90, 0x00, 0x00, ...LOG_PORT, 0xef]; // mov eax, [0x9000]; mov dx, 0x500; out dx, eax
    const mark = [0xc7, 0x05, 0x00, 0x90, 0x00, 0x00, 0x78, 0x56, 0x34, 0x12]; // mov dword [0x9000], 0x12345678
    const image = microGuest([...sum, ...mark, ...sum, 0xf4]);
    await guest.start(image);
    await guest.accesses(2);
    guest.request(REQUEST.pause);
    await guest.reach(VCPU.paused);
    await guest.vm.reset();
    await guest.start(image);
    expect((await guest.accesses(4)).map(([, , value]) => value)).toEqual([0, 0x1234_5678, 0, 0x1234_5678]);
  });

  test('a guest that writes to every port cannot end anything', async () => {
    const code = [
      ...[0x31, 0xd2, 0x31, 0xc0], //             xor edx, edx; xor eax, eax
      ...[0xee, 0x66, 0xef, 0xef, 0xec, 0xed], // again: out dx, al; out dx, ax; out dx, eax; in al, dx; in eax, dx
      ...[0x31, 0xc0, 0x66, 0x42, 0x75, 0xf4], // xor eax, eax; inc dx; jnz again
      ...[...LOG_PORT, 0xb8, 0xed, 0xfe, 0x00, 0x00, 0xef, 0xf4], // out dx, 0xfeed; hlt
    ];
    await guest.start(microGuest(code));
    await guest.reach(VCPU.running);
    const seen = async () => (await guest.accesses(1)).some(([, , value]) => value === 0xfeed);
    await expect.poll(seen, { timeout: 20_000 * SLOWNESS }).toBe(true);
    expect(guest.stops).toEqual([]);
  });

  test('a guest that reads and writes every hole of the memory map cannot end anything', async () => {
    const code = [
      ...[0xbf, 0x00, 0x00, 0x0a, 0x00], //       mov edi, 0xa0000
      ...[0x8b, 0x07, 0x89, 0x07], //             again: mov eax, [edi]; mov [edi], eax
      ...[0x8a, 0x07, 0x88, 0x07], //             mov al, [edi]; mov [edi], al
      ...[0x66, 0x8b, 0x07, 0x66, 0x89, 0x07], // mov ax, [edi]; mov [edi], ax
      ...[0x8b, 0x47, 0xff, 0x89, 0x47, 0xff], // mov eax, [edi-1]; mov [edi-1], eax
      ...[0x81, 0xc7, 0x00, 0x80, 0x00, 0x00], // add edi, 0x8000
      ...[0x73, 0xe4], //                         jnc again
      ...[...LOG_PORT, 0xb8, 0xed, 0xfe, 0x00, 0x00, 0xef, 0xf4],
    ];
    await guest.start(microGuest(code));
    await guest.reach(VCPU.running);
    const seen = async () => (await guest.accesses(1)).some(([, , value]) => value === 0xfeed);
    await expect.poll(seen, { timeout: 20_000 * SLOWNESS }).toBe(true);
    expect(guest.stops).toEqual([]);
  });
});
