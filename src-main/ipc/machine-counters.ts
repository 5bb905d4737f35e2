import { existsSync } from 'node:fs';
import { z } from 'zod';
import type { MachineSample } from '../contract/machine.ts';
import { QmpClient } from '../vmm/client/qmp-client.ts';
import type { CounterReader } from './machine-stats.ts';

/** What `x-query-stats` answers, as far as it is shown. */
const statsReport = z.object({
  uptimeMs: z.number(),
  hostCpuMs: z.number(),
  residentMiB: z.number(),
  vcpus: z.array(
    z.object({
      state: z.string(),
      hostCpuMs: z.number(),
      portExits: z.number(),
      mmioExits: z.number(),
      otherExits: z.number(),
    }),
  ),
  console: z.object({ outputBytes: z.number(), visitors: z.number() }),
  balloon: z
    .object({
      active: z.boolean(),
      memoryBytes: z.number(),
      targetBytes: z.number(),
      actualBytes: z.number(),
      guest: z.object({ free: z.number().optional() }).optional(),
    })
    .optional(),
});

const MiB = 2 ** 20;

/** Reads counters over one QMP connection, made when first needed and again after the machine was started anew. */
export class QmpCounters implements CounterReader {
  private client: QmpClient | undefined;
  private disposed = false;

  constructor(private readonly socket: string) {}

  async read(): Promise<MachineSample | undefined> {
    const client = await this.connected();
    if (client === undefined) return undefined;
    try {
      return sampleOf(statsReport.parse(await client.execute('x-query-stats')));
    } catch {
      this.disconnect();
      return undefined;
    }
  }

  dispose(): void {
    this.disposed = true;
    this.disconnect();
  }

  private async connected(): Promise<QmpClient | undefined> {
    if (this.client !== undefined || !existsSync(this.socket)) return this.client;
    const client = await QmpClient.connect(this.socket).catch(() => undefined);
    if (client === undefined || this.disposed) {
      client?.dispose();
      return undefined;
    }
    this.client = client;
    client.onClose(() => {
      if (this.client === client) this.client = undefined;
    });
    return client;
  }

  private disconnect(): void {
    this.client?.dispose();
    this.client = undefined;
  }
}

function balloonOf({ balloon }: z.infer<typeof statsReport>): Pick<MachineSample, 'balloon'> {
  if (balloon === undefined) return {};
  const { active, memoryBytes, targetBytes, actualBytes, guest } = balloon;
  const free = guest?.free === undefined ? {} : { freeMiB: guest.free / MiB };
  const [totalMiB, targetMiB, actualMiB] = [memoryBytes / MiB, targetBytes / MiB, actualBytes / MiB];
  return { balloon: { active, totalMiB, targetMiB, actualMiB, ...free } };
}

function sampleOf(report: z.infer<typeof statsReport>): MachineSample {
  const { uptimeMs, hostCpuMs, residentMiB, vcpus, console } = report;
  const exits = { port: 0, mmio: 0, other: 0 };
  for (const vcpu of vcpus) {
    exits.port += vcpu.portExits;
    exits.mmio += vcpu.mmioExits;
    exits.other += vcpu.otherExits;
  }
  const { outputBytes: consoleBytes, visitors } = console;
  const each = vcpus.map(({ state, hostCpuMs: cpuMs }) => ({ state, cpuMs }));
  const figures = { uptimeMs, hostCpuMs, residentMiB, exits, consoleBytes, visitors };
  return { atMs: performance.now(), ...figures, vcpus: each, ...balloonOf(report) };
}
