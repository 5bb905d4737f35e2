/*
 * disk-load DEVICE read|write sequential|random BLOCK SECONDS PROCESSES: so many processes move blocks by O_DIRECT, each
 * one at a time; prints how many blocks they moved in all, and in how many seconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 64, ALIGNMENT = 4096 };

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* How many blocks one process moved. Sequential ones start at a place of their own and go round. */
static unsigned long move(char **argv, int process, int processes)
{
	int writing = strcmp(argv[2], "write") == 0, random = strcmp(argv[3], "random") == 0;
	long block = atol(argv[4]);
	unsigned long moved = 0, x = process + 1;
	void *buffer;
	int fd = open(argv[1], (writing ? O_RDWR : O_RDONLY) | O_DIRECT);
	if (fd < 0)
		fail(argv[1]);
	unsigned long blocks = lseek(fd, 0, SEEK_END) / block;
	if (blocks == 0 || posix_memalign(&buffer, ALIGNMENT, block) != 0)
		fail("disk-load");
	memset(buffer, process, block);
	unsigned long at = blocks / processes * process;
	for (double until = now() + atof(argv[5]); now() < until; moved++) {
		x = x * 6364136223846793005ul + 1442695040888963407ul;
		at = random ? (x >> 32) % blocks : (at + 1) % blocks;
		if ((writing ? pwrite(fd, buffer, block, at * block) : pread(fd, buffer, block, at * block)) != block)
			fail(argv[2]);
	}
	return moved;
}

int main(int argc, char **argv)
{
	int processes = argc == 7 ? atoi(argv[6]) : 0, status;
	unsigned long sum = 0;
	unsigned long *moved = mmap(NULL, MOST * sizeof *moved, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (moved == MAP_FAILED || processes < 1 || processes > MOST)
		return 2;
	double begin = now();
	for (int process = 0; process < processes; process++)
		if (fork() == 0) {
			moved[process] = move(argv, process, processes);
			_exit(0);
		}
	while (wait(&status) > 0)
		if (status != 0)
			return 1;
	double seconds = now() - begin;
	for (int process = 0; process < processes; process++)
		sum += moved[process];
	printf("%lu %.6f\n", sum, seconds);
	return 0;
}
