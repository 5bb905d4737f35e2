/* The reference for `bench exits`: the plainest C loop around KVM_RUN, serving the same micro-guest as ours.
 * usage: exits port|mmio COUNT   prints nanoseconds from the first entry to the guest's last exit. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

static int must(int result, const char *what) {
  if (result < 0) { perror(what); exit(1); }
  return result;
}

static void flat(struct kvm_segment *s, int selector, int type) {
  memset(s, 0, sizeof *s);
  s->limit = 0xffffffff; s->selector = selector; s->type = type;
  s->present = 1; s->s = 1; s->db = 1; s->g = 1;
}

int main(int argc, char **argv) {
  uint32_t count = argc > 2 ? strtoul(argv[2], 0, 10) : 0;
  int mmio = argc > 1 && strcmp(argv[1], "mmio") == 0;
  /* mov ecx, COUNT; again: out 0x80, al | mov [0xd8000000], al; dec ecx; jnz again; out 0xf4, al; hlt */
  uint8_t port_code[] = {0xb9, 0, 0, 0, 0, 0xe6, 0x80, 0x49, 0x75, 0xfb, 0xe6, 0xf4, 0xf4};
  uint8_t mmio_code[] = {0xb9, 0, 0, 0, 0, 0xa2, 0, 0, 0, 0xd8, 0x49, 0x75, 0xf8, 0xe6, 0xf4, 0xf4};
  uint8_t *code = mmio ? mmio_code : port_code;
  memcpy(code + 1, &count, 4);

  int kvm = must(open("/dev/kvm", O_RDWR), "/dev/kvm");
  int vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
  uint64_t identity = 0xfffbc000;
  must(ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000), "KVM_SET_TSS_ADDR");
  must(ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity), "KVM_SET_IDENTITY_MAP_ADDR");
  size_t size = 1 << 21;
  uint8_t *ram = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  memcpy(ram + 0x1000, code, mmio ? sizeof mmio_code : sizeof port_code);
  struct kvm_userspace_memory_region region = {0, 0, 0, size, (uintptr_t)ram};
  must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
  must(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
  int vcpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
  int run_size = must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
  struct kvm_run *run = mmap(0, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);

  struct kvm_sregs sregs;
  must(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
  flat(&sregs.cs, 0x10, 11);
  flat(&sregs.ds, 0x18, 3);
  sregs.es = sregs.fs = sregs.gs = sregs.ss = sregs.ds;
  sregs.cr0 |= 1;
  must(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
  struct kvm_regs regs = {.rip = 0x1000, .rflags = 2, .rsp = 0x8000};
  must(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");

  struct timespec begin, end;
  volatile uint32_t sum = 0;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (;;) {
    must(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
    if (run->exit_reason == KVM_EXIT_IO) {
      if (run->io.port == 0xf4) break;
      sum += *((uint8_t *)run + run->io.data_offset);
    } else if (run->exit_reason == KVM_EXIT_MMIO) {
      sum += run->mmio.data[0];
    } else {
      fprintf(stderr, "exit reason %u\n", run->exit_reason);
      return 1;
    }
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%.0f\n", (end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec));
  return 0;
}
