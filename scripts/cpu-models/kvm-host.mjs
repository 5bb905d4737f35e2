import { closeSync, openSync, readFileSync } from 'node:fs';
import koffi from 'koffi';

// linux/kvm.h, x86-64; KVM API §4.4, §4.18, §4.46.
const CHECK_EXTENSION = 0xae03;
const GET_SUPPORTED_CPUID = 0xc008_ae05;
const GET_MSRS = 0xc008_ae88;
const TSC_DEADLINE_TIMER = 72;
const FEATURE_MSRS = [0x8b, 0xcf, 0x10a, 0x345, ...Array.from({ length: 0x12 }, (_, i) => 0x480 + i)];

/** What this host's KVM supports, as the tests read it: registers in hexadecimal. */
export function readHost() {
  const ioctl = koffi.load('libc.so.6').func('int ioctl(int fd, unsigned long request, uintptr_t argument)');
  const fd = openSync('/dev/kvm', 'r+');
  const table = new Uint32Array(2 + 256 * 10);
  table[0] = 256;
  if (ioctl(fd, GET_SUPPORTED_CPUID, koffi.address(table)) < 0) throw new Error('KVM_GET_SUPPORTED_CPUID failed');
  const supported = Array.from({ length: table[0] }, (_, i) => {
    const [leaf, subleaf, , ...registers] = table.subarray(2 + i * 10, 2 + i * 10 + 7);
    return [leaf, subleaf, ...registers].map((word) => word.toString(16)).join(' ');
  });
  const featureMsrs = FEATURE_MSRS.flatMap((index) => {
    const words = new BigUint64Array([1n, BigInt(index), 0n]);
    return ioctl(fd, GET_MSRS, koffi.address(words)) === 1 ? [`${index.toString(16)} ${words[2].toString(16)}`] : [];
  });
  const cpuinfo = readFileSync('/proc/cpuinfo', 'utf8');
  const host = {
    name: /^model name\s*:\s*(.*)$/m.exec(cpuinfo)[1],
    hardwareVirtualization: /^flags\s*:.* (vmx|svm)\b/m.test(cpuinfo),
    tscDeadline: ioctl(fd, CHECK_EXTENSION, TSC_DEADLINE_TIMER) > 0,
    supported,
    featureMsrs,
  };
  closeSync(fd);
  return host;
}
