/*
 * parallel SECONDS: one process per processor multiplies for that long; prints how many rounds they did in all.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MULTIPLICATIONS = 100000, MOST = 64 };

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static unsigned long work(int cpu, double until)
{
	unsigned long x = 1, rounds = 0;
	cpu_set_t here;
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	sched_setaffinity(0, sizeof here, &here);
	while (now() < until) {
		for (int i = 0; i < MULTIPLICATIONS; i++)
			x = x * 6364136223846793005ul + 1442695040888963407ul;
		rounds++;
	}
	return rounds + (x == 0);
}

int main(int argc, char **argv)
{
	double until = now() + (argc > 1 ? atof(argv[1]) : 1);
	int count = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned long sum = 0;
	unsigned long *rounds = mmap(NULL, MOST * sizeof *rounds, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (rounds == MAP_FAILED || count > MOST)
		return 1;
	for (int cpu = 0; cpu < count; cpu++)
		if (fork() == 0) {
			rounds[cpu] = work(cpu, until);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	for (int cpu = 0; cpu < count; cpu++)
		sum += rounds[cpu];
	printf("%lu\n", sum);
	return 0;
}
