import type { DebianGuest } from './debian-guest.ts';
import { clone, type Lab } from './lab.ts';
import type { LabMachine } from './lab-bulkhead.ts';

/** The line after everything the guest below was asked. */
export const REPORTED = '== reported';

/** What the guest can be asked: raw CPUID of every processor, the kernel's and util-linux's view, work on all processors. */
export type Question = 'cpuid' | 'cpuinfo' | 'lscpu' | `parallel=${number}`;

const INIT = `#!/bin/busybox sh
export PATH=/bin:/usr/bin
busybox mkdir -p /proc /sys /dev
busybox mount -t proc proc /proc; busybox mount -t sysfs sys /sys; busybox mount -t devtmpfs dev /dev
for question in "$@"; do
  echo "== $question"
  case $question in
    cpuid) cpuid-dump ;;
    cpuinfo) busybox cat /proc/cpuinfo ;;
    lscpu) lscpu -J ;;
    parallel=*) parallel \${question#*=} ;;
  esac
done
echo "${REPORTED}"
exec busybox sleep 1000000
`;

/**
 * The distribution's kernel with an initramfs that answers the questions on its command line, and then sleeps. Made once
 * in a lab.
 */
export async function makeReportingGuest(lab: Lab): Promise<(...questions: Question[]) => DebianGuest> {
  const folder = '/tmp/reporting-guest';
  const sources = `${clone}/test/support/lab/guest`;
  await lab.output(
    `set -e; [ ! -e ${folder}/initrd.gz ] || exit 0
     mkdir -p ${folder}/root/bin; cd ${folder}/root
     cp $(command -v busybox) bin/busybox; cat > init; chmod +x init
     for program in cpuid-dump parallel; do gcc -O1 -static -o bin/$program ${sources}/$program.c; done
     lscpu=$(command -v lscpu)
     for file in $lscpu $(ldd $lscpu | grep -o '/[^ ]*'); do mkdir -p .$(dirname $file); cp -L $file .$file; done
     find . | cpio -o -H newc --quiet | gzip -1 > ../unfinished
     mv ../unfinished ../initrd.gz`,
    { input: INIT, seconds: 120 },
  );
  return (...questions) => ({
    kernel: `${clone}/.cache/lab/vmlinuz`,
    initrd: `${folder}/initrd.gz`,
    commandLine: `console=ttyS0 quiet -- ${questions.join(' ')}`,
    memoryMiB: 512,
  });
}

/** What it answered, by question: the lines of each. */
export async function answersOf(machine: LabMachine): Promise<Map<string, string[]>> {
  const answers = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of (await machine.vm('log')).replaceAll('\r', '').split('\n')) {
    const question = /^== (.*)$/.exec(line)?.[1];
    if (question !== undefined) {
      lines = [];
      answers.set(question, lines);
    } else if (!/^\[ *\d+\.\d+\] /.test(line)) lines.push(line);
  }
  return answers;
}
