/*
 * Prints what CPUID answers on every processor of this computer, one line per leaf and subleaf that is not all zero:
 *   PROCESSOR LEAF SUBLEAF EAX EBX ECX EDX     (the first and the second decimal and hexadecimal, the rest hexadecimal)
 * Leaves are asked for as SDM 2A CPUID and APM 3 E.2 say: each range up to the highest leaf it tells of.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

/* Leaves whose answer depends on ECX: the others are asked once. */
static int subleaves(unsigned leaf)
{
	switch (leaf) {
	case 0x4: case 0x7: case 0xb: case 0x12: case 0x14: case 0x1d: case 0x1f: case 0x8000001d:
		return 8;
	case 0xd:
		return 63;
	default:
		return 1;
	}
}

static void dump(long cpu, unsigned leaf)
{
	for (int subleaf = 0; subleaf < subleaves(leaf); subleaf++) {
		unsigned a, b, c, d;
		__cpuid_count(leaf, subleaf, a, b, c, d);
		if (a | b | c | d)
			printf("%ld %x %x %x %x %x %x\n", cpu, leaf, subleaf, a, b, c, d);
	}
}

int main(void)
{
	static const unsigned ranges[] = { 0x0, 0x40000000, 0x80000000, 0xc0000000 };
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	for (long cpu = 0; cpu < count; cpu++) {
		cpu_set_t here;
		CPU_ZERO(&here);
		CPU_SET(cpu, &here);
		if (sched_setaffinity(0, sizeof here, &here))
			return 1;
		for (unsigned i = 0; i < sizeof ranges / sizeof *ranges; i++) {
			unsigned highest, b, c, d;
			__cpuid(ranges[i], highest, b, c, d);
			/* A range that is not there answers with another range's leaf. */
			for (unsigned leaf = ranges[i]; leaf <= highest && leaf - ranges[i] < 0x40; leaf++)
				dump(cpu, leaf);
		}
	}
	return 0;
}
