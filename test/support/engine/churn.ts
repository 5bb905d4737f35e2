import { setTimeout as delay } from 'node:timers/promises';
import { asFailure } from '../../../src-main/base/failure.ts';
import { type Ask, EngineClient } from '../../../src-main/docker-api/client/engine-client.ts';
import type { Random } from '../random.ts';

/** Containers under way at a time. */
const AT_ONCE = 6;
const LONG = ['sleep', '1000'];

/** One container's life, as drawn: what it is, what is done to it, and how it ends. */
interface Life {
  readonly name: string;
  readonly body: unknown;
  readonly autoRemove: boolean;
  readonly exec: boolean;
  readonly pause: boolean;
  readonly end: 'itself' | 'kill' | 'stop' | 'force';
}

/** Many containers' lives by an engine's API, several at once. Whoever's engine is killed gives that container up. */
export class Churn {
  /** Ids of all containers there have been. */
  readonly known = new Set<string>();
  /** Answers that were wrong, whatever had become of the engine. */
  readonly faults: string[] = [];
  created = 0;
  calls = 0;
  private readonly client: EngineClient;
  private drawn = 0;
  private open: Promise<void> = Promise.resolve();
  private letGo: () => void = () => undefined;
  private inFlight = 0;

  constructor(
    socket: string,
    private readonly random: Random,
  ) {
    this.client = new EngineClient(socket);
  }

  /** Goes on until `enough` says so. */
  async run(enough: () => boolean): Promise<void> {
    const lane = async (): Promise<void> => {
      while (!enough()) await this.live(this.draw());
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  }

  /** From now on nothing is asked; what has been asked is under way. */
  hold(): void {
    this.open = new Promise((resolve) => {
      this.letGo = resolve;
    });
  }

  goOn(): void {
    this.letGo();
  }

  /** Settles when everything that was asked has got its answer, or the end of its connection. */
  async quiet(): Promise<void> {
    while (this.inFlight > 0) await delay(5);
  }

  private draw(): Life {
    const { random } = this;
    const name = `churn-${this.drawn++}`;
    const end = random.pick(['itself', 'kill', 'stop', 'force'] as const);
    const autoRemove = random.below(3) === 0;
    const network = random.pick(['bridge', 'front', 'front', 'none', 'host']);
    const published = network === 'bridge' || network === 'front' ? random.below(2) : 0;
    const volumes = random.pick([[], [], [`shared-${random.below(4)}:/data`], ['/data']]);
    const brief = random.pick([['true'], ['sh', '-c', 'echo said; sleep 0.1; exit 3']]);
    return {
      name,
      end,
      autoRemove,
      exec: end !== 'itself' && random.below(3) === 0,
      pause: end !== 'itself' && random.below(4) === 0,
      body: {
        Image: 'busybox',
        Cmd: end === 'itself' ? brief : LONG,
        StopTimeout: 0,
        ExposedPorts: published ? { '80/tcp': {}, '53/udp': {} } : {},
        HostConfig: {
          AutoRemove: autoRemove,
          NetworkMode: network,
          PortBindings: published ? { '80/tcp': [{ HostPort: '' }], '53/udp': [{ HostPort: '' }] } : {},
          Binds: volumes,
          Tmpfs: random.below(3) === 0 ? { '/scratch': 'size=1m' } : {},
          Init: random.below(4) === 0,
        },
      },
    };
  }

  private async live(life: Life): Promise<void> {
    try {
      await this.liveToTheEnd(life);
    } catch (error) {
      if (!isBroken(error)) this.faults.push(`${JSON.stringify(life)}: ${asFailure(error).message}`);
      await this.removeForGood(life.name);
    }
  }

  private async liveToTheEnd({ name, body, autoRemove, exec, pause, end }: Life): Promise<void> {
    const { Id } = await this.ask<{ Id: string }>('POST', '/containers/create', { query: { name }, body });
    this.known.add(Id);
    this.created++;
    await this.ask('POST', `/containers/${name}/start`);
    if (exec) await this.execIn(name);
    if (pause) await this.ask('POST', `/containers/${name}/pause`);
    const paused = pause && this.random.below(2) === 0;
    if (pause && !paused) await this.ask('POST', `/containers/${name}/unpause`);
    if (end === 'kill') await this.ask('POST', `/containers/${name}/kill`);
    if (end === 'stop') await this.ask('POST', `/containers/${name}/stop`);
    const mayBeGone = autoRemove ? [404, 409] : [];
    if (end === 'itself') await this.ask('POST', `/containers/${name}/wait`, {}, mayBeGone);
    const query = { force: end === 'force', v: true };
    await this.ask('DELETE', `/containers/${name}`, { query }, mayBeGone);
  }

  private async execIn(name: string): Promise<void> {
    const body = { Cmd: this.random.below(2) === 0 ? LONG : ['true'] };
    const { Id } = await this.ask<{ Id: string }>('POST', `/containers/${name}/exec`, { body });
    await this.ask('POST', `/exec/${Id}/start`, { body: { Detach: true } });
  }

  private async removeForGood(name: string): Promise<void> {
    for (;;) {
      try {
        return await this.ask('DELETE', `/containers/${name}`, { query: { force: true, v: true } }, [404, 409]);
      } catch (error) {
        if (isBroken(error)) continue;
        this.faults.push(`${name}: remove: ${asFailure(error).message}`);
        return;
      }
    }
  }

  private async ask<T = void>(method: string, path: string, ask: Ask = {}, fine: readonly number[] = []): Promise<T> {
    await this.open;
    this.inFlight++;
    try {
      return await this.client.json<T>(method, path, ask);
    } catch (error) {
      if (fine.includes(Number(asFailure(error).facts.status))) return undefined as T;
      throw error;
    } finally {
      this.inFlight--;
      this.calls++;
    }
  }
}

/** Whether a connection ended before its answer, or in the midst of it. */
function isBroken(error: unknown): boolean {
  const { code, cause } = error as { code?: string; cause?: { code?: string } };
  return code === 'engine-connection' || code === 'ECONNRESET' || cause?.code === 'ECONNRESET';
}
