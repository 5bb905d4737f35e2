import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { planBoot } from '../../src-main/boot/plan-boot.ts';
import { buildAcpiTables } from '../../src-main/devices/acpi/tables/acpi-tables.ts';
import { MiB } from '../../src-main/vmm/layout.ts';
import { TranslatedGuest } from '../support/translated-guest.ts';

const folder = new URL('../../resources/guests/tiny-linux/', import.meta.url);
const kernel = fileURLToPath(new URL('bzImage', folder));
const initrd = fileURLToPath(new URL('initramfs.cpio.gz', folder));
const MEMORY_MIB = 128;

describe.runIf(existsSync(kernel) && existsSync(initrd))('Tiny Linux on the translating accelerator', () => {
  let guest: TranslatedGuest | undefined;

  afterEach(async () => {
    if (process.env.SHOW) console.log(guest?.console);
    await guest?.end();
    guest = undefined;
  });

  function image(acpi: boolean) {
    return planBoot({
      kernel,
      initrd,
      commandLine: 'console=ttyS0',
      memoryBytes: MEMORY_MIB * MiB,
      acpiTables: acpi ? buildAcpiTables({ cpus: 1 }) : undefined,
      prefer32: true,
    });
  }

  for (const acpi of [true, false]) {
    it(`boots to a login and answers uname (${acpi ? 'LAPIC and IOAPIC by ACPI' : 'PIC, without ACPI'})`, async () => {
      using boot = {
        image: image(acpi),
        [Symbol.dispose]() {
          this.image.dispose();
        },
      };
      const from = performance.now();
      guest = await TranslatedGuest.create(MEMORY_MIB);
      await guest.start(boot.image);
      await guest.waitFor('login:');
      console.log(`login after ${(performance.now() - from).toFixed(0)} ms`);
      guest.type('root\n');
      await guest.waitFor('# ');
      guest.type(
        'uname -a; grep -c . /proc/interrupts; cat /proc/interrupts; date; cat /sys/devices/system/clocksource/clocksource0/*\n',
      );
      await guest.waitFor('Linux');
      await guest.waitFor('# ');
      expect(guest.console).toContain('i686');
    });
  }
});
