/*
 * Streams over AF_VSOCK, for i386 Linux, without a C library: gcc -m32 -nostdlib.
 *   vsock-streams echo PORT          sends back what comes, one connection after another, for good
 *   vsock-streams send PORT BYTES    connects to the host, sends as many bytes of the pattern, ends its stream,
 *                                    counts and sums what comes back, prints both
 *   vsock-streams many PORT COUNT    connects so often, a line there and back each time; prints how often it went well
 *   vsock-streams hold PORT          connects, reads until the end; prints errno, 0 for an orderly end
 */
enum { EXIT = 1, READ = 3, WRITE = 4, CLOSE = 6, SOCKETCALL = 102, FORK = 2 };
enum { SOCKET = 1, BIND = 2, CONNECT = 3, LISTEN = 4, ACCEPT = 5, SHUTDOWN = 13 };
enum { AF_VSOCK = 40, SOCK_STREAM = 1, CID_ANY = -1, CID_HOST = 2, SHUT_WR = 1 };

struct address {
  unsigned short family, zero;
  unsigned port, cid;
  unsigned char rest[4];
};

static unsigned char buffer[65536];

static long call(long number, long first, const void *second, long third) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second), "d"(third) : "memory");
  return result;
}

static long socket_call(long number, long first, long second, long third) {
  const long arguments[] = {first, second, third};
  return call(SOCKETCALL, number, arguments, 0);
}

static unsigned number_of(const char *text) {
  unsigned value = 0;
  while (*text) value = value * 10 + (unsigned)(*text++ - '0');
  return value;
}

static void print(unsigned value, char end) {
  char text[12];
  int at = sizeof text;
  text[--at] = end;
  do text[--at] = '0' + value % 10;
  while (value /= 10);
  call(WRITE, 1, text + at, (long)sizeof text - at);
}

static int write_all(long fd, const unsigned char *bytes, long length) {
  while (length > 0) {
    const long count = call(WRITE, fd, bytes, length);
    if (count <= 0) return 0;
    bytes += count;
    length -= count;
  }
  return 1;
}

static long connected(unsigned port) {
  struct address host = {AF_VSOCK, 0, port, CID_HOST, {0}};
  const long fd = socket_call(SOCKET, AF_VSOCK, SOCK_STREAM, 0);
  const long result = socket_call(CONNECT, fd, (long)&host, sizeof host);
  if (result == 0) return fd;
  call(CLOSE, fd, 0, 0);
  return result;
}

static void echo(unsigned port) {
  struct address own = {AF_VSOCK, 0, port, CID_ANY, {0}};
  const long listener = socket_call(SOCKET, AF_VSOCK, SOCK_STREAM, 0);
  if (socket_call(BIND, listener, (long)&own, sizeof own) != 0) call(EXIT, 1, 0, 0);
  socket_call(LISTEN, listener, 128, 0);
  print(port, '\n');
  for (;;) {
    const long fd = socket_call(ACCEPT, listener, 0, 0);
    long count;
    if (fd < 0) continue;
    while ((count = call(READ, fd, buffer, sizeof buffer)) > 0) {
      if (!write_all(fd, buffer, count)) break;
    }
    call(CLOSE, fd, 0, 0);
  }
}

/* The sender is a process of its own: the host sends back while it still reads. */
static void send(unsigned port, unsigned bytes) {
  const long fd = connected(port);
  unsigned sum = 0, got = 0;
  long count;
  if (fd < 0) {
    print((unsigned)-fd, '\n');
    call(EXIT, 1, 0, 0);
  }
  if (call(FORK, 0, 0, 0) == 0) {
    unsigned done = 0;
    while (done < bytes) {
      unsigned i, length = bytes - done < sizeof buffer ? bytes - done : sizeof buffer;
      for (i = 0; i < length; i++) buffer[i] = (unsigned char)((done + i) * 7919 >> 3);
      if (!write_all(fd, buffer, length)) call(EXIT, 1, 0, 0);
      done += length;
    }
    socket_call(SHUTDOWN, fd, SHUT_WR, 0);
    call(EXIT, 0, 0, 0);
  }
  while ((count = call(READ, fd, buffer, sizeof buffer)) > 0) {
    long i;
    for (i = 0; i < count; i++) sum = sum * 31 + buffer[i];
    got += (unsigned)count;
  }
  print(got, ' ');
  print(sum, '\n');
}

static void many(unsigned port, unsigned count) {
  unsigned well = 0, i;
  for (i = 0; i < count; i++) {
    const long fd = connected(port);
    if (fd < 0) continue;
    if (write_all(fd, (const unsigned char *)"hello", 5) && call(READ, fd, buffer, 5) == 5) well++;
    call(CLOSE, fd, 0, 0);
  }
  print(well, '\n');
}

static void hold(unsigned port) {
  const long fd = connected(port);
  long count = fd;
  while (fd >= 0 && (count = call(READ, fd, buffer, sizeof buffer)) > 0);
  print((unsigned)-count, '\n');
}

__attribute__((used)) static void run(const long *stack) {
  char **words = (char **)(stack + 1);
  const unsigned port = number_of(words[2]);
  switch (words[1][0]) {
    case 'e':
      echo(port);
      break;
    case 's':
      send(port, number_of(words[3]));
      break;
    case 'm':
      many(port, number_of(words[3]));
      break;
    default:
      hold(port);
  }
  call(EXIT, 0, 0, 0);
}

__asm__(".globl _start\n_start: mov %esp, %eax\n push %eax\n call run\n");
