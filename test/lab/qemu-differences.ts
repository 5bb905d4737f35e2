import type { NamedDifference } from '../support/lab/kernel-log.ts';

/** Where a guest's kernel log on Bulkhead and on QEMU's `-M microvm` may differ, and why each is as it should be. */
export const fromQemu: readonly NamedDifference[] = [
  {
    name: 'memory map',
    why: 'the BIOS areas and the holes lie elsewhere: microvm runs the firmware qboot, we load the kernel without any',
    line: /^(BIOS-e820: \[mem .*\] (reserved|ACPI NVS)|ACPI: PM: Registering ACPI NVS region .*|\[mem 0x[0-9a-f]+-0x[0-9a-f]+\] available for PCI devices)$/,
  },
  {
    name: 'memory left',
    why: 'pages are still being given out when the kernel counts, and the two memory maps reserve some KiB more or less',
    line: /^(Memory: \d+K\/\d+K available .*|node 0 deferred pages initialised in \d+ms)$/,
  },
  {
    name: 'MTRRs and PAT',
    why: 'ours are on with write-back as the default, as a PC’s firmware leaves them; qboot leaves them off',
    line: /^(Disabled|x86\/PAT: (Configuration \[0-7\]|MTRRs disabled).*|CPU MTRRs all blank - virtualized system\.)$/,
  },
  {
    name: 'MP table',
    why: 'qboot also leaves an MP table; ACPI alone describes our machine',
    line: /^found SMP MP-table at /,
  },
  {
    name: 'ACPI tables',
    why: 'they carry other names, addresses and revisions; ours has a FACS, and a PM timer (ACPI 6.5 §4.8.2.1)',
    line: /^ACPI: ((RSDP|XSDT|FACP|FACS|DSDT|APIC) 0x|Reserving \w+ table memory|PM-Timer IO Port: 0x608)/,
  },
  {
    name: 'PM timer',
    why: 'microvm has reduced-hardware ACPI without one',
    line: /^clocksource: acpi_pm: mask: 0xffffff /,
  },
  {
    name: 'PCI',
    why: 'microvm has none here; ours is one bus with a host bridge and virtio functions, described by MCFG and DSDT',
    line: /^(PCI: |PCI host bridge |pci_bus |pci \d{4}:|acpi PNP0A03:00: |ACPI: (PCI Root Bridge|PCI: |MCFG 0x|Reserving MCFG )|virtio-pci |pnp 00:03: |system 00:03: |vgaarb: |pcieport |PM: hibernation: Registered nosave memory: \[mem 0xd0)/,
  },
  {
    name: 'timers',
    why: 'without TSC-deadline Linux checks the PIT behind the IOAPIC and calibrates by the PM timer; microvm has neither',
    line: /^(\.\.TIMER: vector=0x30 apic1=0 pin1=2 |APIC calibration not consistent with PM-Timer: |APIC delta adjusted to PM-Timer: )/,
  },
  {
    name: 'interrupt controllers',
    why: 'microvm has two IOAPICs and no 8259A; ours are a PC’s: one IOAPIC, two 8259A, the ISA overrides',
    line: /^(IOAPIC\[\d\]: |ACPI: INT_SRC_OVR |NR_IRQS: )/,
  },
  {
    name: 'interrupt of the serial port',
    why: 'it is on microvm’s second IOAPIC; ours is the PC’s IRQ 4',
    line: /^00:00: ttyS0 at I\/O 0x3f8 \(irq = (4|49), base_baud = 115200\) is a 16550A$/,
  },
  {
    name: 'keyboard controller',
    why: 'ours has an i8042 with a keyboard and no mouse port, microvm has none',
    line: /^(i8042: PNP: |serio: i8042 KBD port |input: AT Translated Set 2 keyboard )/,
  },
  {
    name: 'clock chip',
    why: 'ours has an MC146818; microvm has none that Linux could use',
    line: /^(rtc_cmos (00:01|rtc_cmos): |platform rtc_cmos: )/,
  },
  {
    name: 'number of ISA devices',
    why: 'clock chip, keyboard controller and the reserved ECAM, see above',
    line: /^pnp: PnP ACPI: found [1-4] devices$/,
  },
  {
    name: 'text screen',
    why: 'the boot parameters’ screen_info says CGA (qboot) or nothing (ours)',
    line: /^Console: colour (dummy device|\*CGA) 80x25$/,
  },
  {
    name: 'measured rates',
    why: 'clocks are measured against each other at every boot',
    line: /^(tsc: Detected |hrtimer: interrupt took |clocksource: tsc(-early)?: |Calibrating delay loop |smpboot: Total of 1 processors |sched_clock: Marking stable |kvm-clock: using sched offset )/,
  },
  { name: 'time', why: 'one boots after the other', line: /^audit: type=2000 / },
  {
    name: 'registers in the warning about XSAVE',
    why: 'the lab’s software CPU makes the kernel warn under both; KASLR has moved code and data',
    line: /^(Code: ([0-9a-f<>]{2,4} )+|CR2: <kernel address> CR3: )/,
  },
  {
    name: 'size of the compacted XSAVE area',
    why: 'QEMU fills CPUID.(0DH,1):EBX in without XSAVEC, where KVM leaves 0',
    line: /^CPUID\[0d, 01\]: eax=00000005 ebx=00000(340|000) ecx=00000000 edx=00000000$/,
  },
];
