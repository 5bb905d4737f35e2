/* Answers every datagram on UDP port 7 with itself. For i386 Linux, without a C library: gcc -m32 -nostdlib. */
enum { SOCKETCALL = 102, EXIT = 1, SOCKET = 1, BIND = 2, SENDTO = 11, RECVFROM = 12 };
enum { AF_INET = 2, SOCK_DGRAM = 2 };

struct address {
  unsigned short family;
  unsigned char port[2];
  unsigned char ipv4[4];
  unsigned char zero[8];
};

static char datagram[65536];

static long call(long number, long first, const void *second) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second) : "memory");
  return result;
}

void _start(void) {
  struct address own = {AF_INET, {0, 7}, {0}, {0}}, peer;
  const long open[] = {AF_INET, SOCK_DGRAM, 0};
  const long socket = call(SOCKETCALL, SOCKET, open);
  const long bound[] = {socket, (long)&own, sizeof own};
  if (call(SOCKETCALL, BIND, bound) != 0) call(EXIT, 1, 0);
  for (;;) {
    unsigned length = sizeof peer;
    const long received[] = {socket, (long)datagram, sizeof datagram, 0, (long)&peer, (long)&length};
    const long count = call(SOCKETCALL, RECVFROM, received);
    const long sent[] = {socket, (long)datagram, count, 0, (long)&peer, length};
    if (count >= 0) call(SOCKETCALL, SENDTO, sent);
  }
}
