import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { BootImage } from '../../src-main/boot/boot-image.ts';
import { planBoot } from '../../src-main/boot/plan-boot.ts';
import { buildAcpiTables } from '../../src-main/devices/acpi/tables/acpi-tables.ts';
import { MiB } from '../../src-main/vmm/layout.ts';
import { REQUEST, VCPU } from '../../src-main/vmm/vcpu/vcpu-control.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { TranslatedGuest } from '../support/translated-guest.ts';

const folder = new URL('../../resources/guests/tiny-linux/', import.meta.url);
const kernel = fileURLToPath(new URL('bzImage', folder));
const initrd = fileURLToPath(new URL('initramfs.cpio.gz', folder));
const MEMORY_MIB = 128;
const PAUSE_S = 5;
const LONG_MS = 120_000 * SLOWNESS;

/** Of one processor, this process's use over a second. */
async function processorShare(): Promise<number> {
  const before = process.cpuUsage();
  const from = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (performance.now() - from);
}

describe.runIf(existsSync(kernel) && existsSync(initrd))('Tiny Linux on the translating accelerator', () => {
  let guest: TranslatedGuest;
  let image: BootImage;

  async function bootToLogin(acpiTables: Uint8Array | undefined): Promise<void> {
    const memoryBytes = MEMORY_MIB * MiB;
    image = planBoot({ kernel, initrd, commandLine: 'console=ttyS0', memoryBytes, acpiTables, prefer32: true });
    guest = await TranslatedGuest.create(MEMORY_MIB);
    await guest.start(image);
    await guest.waitFor('login: ', LONG_MS);
    guest.type('root\n');
    await guest.waitFor('# ', LONG_MS);
  }

  async function run(command: string): Promise<string> {
    const from = guest.console.length;
    guest.type(`${command}; echo E''ND\n`);
    await guest.waitFor('END\r\n', LONG_MS);
    return guest.console.slice(from);
  }

  afterEach(async () => {
    await guest.end();
    image.dispose();
  });

  test(
    'boots to a login and answers uname -a; its interrupts come through LAPIC and IOAPIC; it sleeps when idle',
    async () => {
      await bootToLogin(buildAcpiTables({ apicIds: [0] }));
      expect(await run('uname -a')).toMatch(/Linux tiny \S+ .* i686 GNU\/Linux/);
      const interrupts = await run('cat /proc/interrupts');
      expect(interrupts).toMatch(/0: +[1-9]\d* +IO-APIC +2-edge +timer/);
      expect(interrupts).toMatch(/4: +[1-9]\d* +IO-APIC +4-edge +ttyS0/);
      expect(interrupts).toMatch(/LOC: +[1-9]\d* /);
      expect(interrupts).toMatch(/ERR: +0/);
      // V8 goes on optimising what the boot made hot, in threads of its own, for some seconds.
      await expect.poll(processorShare, { timeout: 30_000 * SLOWNESS, interval: 0 }).toBeLessThan(0.05);
    },
    LONG_MS,
  );

  test(
    'without ACPI it boots on PIC and PIT',
    async () => {
      await bootToLogin(undefined);
      expect(await run('cat /proc/interrupts')).toMatch(/4: +[1-9]\d* +XT-PIC +ttyS0/);
    },
    LONG_MS,
  );

  test(
    'its clock stands still while it is paused; it goes on where it was, and a reset boots it again',
    async () => {
      await bootToLogin(buildAcpiTables({ apicIds: [0] }));
      const uptime = async () => Number(/^(\d+\.\d+) /m.exec(await run('cat /proc/uptime'))?.[1]);
      const began = performance.now();
      const before = await uptime();
      guest.request(REQUEST.pause);
      await guest.reach(VCPU.paused);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_S * 1000));
      guest.request(REQUEST.run);
      const went = (await uptime()) - before;
      expect(went).toBeGreaterThan(0);
      expect(went).toBeLessThan((performance.now() - began) / 1000 - PAUSE_S * 0.75);
      guest.request(REQUEST.pause);
      await guest.reach(VCPU.paused);
      await guest.vm.reset();
      guest.resetBoard();
      await guest.start(image);
      await guest.waitFor('Linux version', LONG_MS);
      await guest.waitFor('login: ', LONG_MS);
    },
    LONG_MS,
  );
});
