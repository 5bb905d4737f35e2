/** What a later engine makes of work that an earlier one was cut off in; containers are plain processes. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { EngineClient } from '../../src-main/docker-api/client/engine-client.ts';
import { engineOnShelf } from '../support/engine/engine-on-shelf.ts';
import { ProcessRuntime } from '../support/engine/process-runtime.ts';
import { temporaryHome } from '../support/temporary-home.ts';

interface Inspected {
  readonly State: { readonly Status: string; readonly ExitCode: number };
}

const { env } = temporaryHome();
let shelf: Awaited<ReturnType<typeof engineOnShelf>>;

/** A runtime that deletes, and never gets to say so while it is told to hang. */
class HangingRuntime extends ProcessRuntime {
  hangs = false;

  override async delete(id: string, options?: { force?: boolean }): Promise<void> {
    await super.delete(id, options);
    if (this.hangs) await new Promise(() => undefined);
  }
}

/** An engine after the one before, which leaves its containers. */
async function start(runtime?: ProcessRuntime): Promise<EngineClient> {
  shelf?.engine.dispose();
  shelf = await engineOnShelf(env, runtime);
  return new EngineClient(shelf.paths.socket);
}

async function create(client: EngineClient, name: string, script: string): Promise<string> {
  const body = { Image: 'busybox', Cmd: ['sh', '-c', script], HostConfig: { NetworkMode: 'none' } };
  return (await client.json<{ Id: string }>('POST', '/containers/create', { query: { name }, body })).Id;
}

const inspect = (client: EngineClient, name: string): Promise<Inspected> =>
  client.json('GET', `/containers/${name}/json`);

afterEach(async () => {
  for (const { id } of await shelf.runtime.list()) await shelf.runtime.delete(id, { force: true });
  shelf.engine.dispose();
});

describe('an engine after one that was cut off', () => {
  test('knows how a container ended that the runtime has forgotten already', async () => {
    const runtime = new HangingRuntime();
    const first = await start(runtime);
    const id = await create(first, 'ends', 'exit 3');
    await first.json('POST', `/containers/${id}/start`);
    runtime.hangs = true;
    await expect.poll(() => runtime.list()).toEqual([]);
    const second = await start(new ProcessRuntime());
    expect((await inspect(second, id)).State).toMatchObject({ Status: 'exited', ExitCode: 3 });
    await second.json('DELETE', `/containers/${id}`);
  });

  test('sees that a container is frozen, or is not, whatever was put down', async () => {
    const runtime = new ProcessRuntime();
    const first = await start(runtime);
    const id = await create(first, 'freezes', 'sleep 1000');
    await first.json('POST', `/containers/${id}/start`);
    await runtime.pause(id);
    const second = await start(runtime);
    expect((await inspect(second, id)).State.Status).toBe('paused');
    await second.json('POST', `/containers/${id}/unpause`);
  });

  test('does not list a container whose removal had begun', async () => {
    const first = await start();
    const id = await create(first, 'goes', 'true');
    shelf.images.snapshots.remove = () => new Promise(() => undefined);
    void first.json('DELETE', `/containers/${id}`).catch(() => undefined);
    await expect.poll(() => existsSync(join(shelf.paths.containers, id))).toBe(false);
    const second = await start();
    await expect(inspect(second, id)).rejects.toMatchObject({ failureClass: 'not-found' });
  });

  test('clears away what a writer of records left half written', async () => {
    const first = await start();
    const id = await create(first, 'stays', 'true');
    await first.json('POST', '/volumes/create', { body: { Name: 'kept' } });
    const folders = [join(shelf.paths.containers, id), join(shelf.paths.volumes, 'kept')];
    for (const folder of folders) writeFileSync(join(folder, '.some.json.0123456789ab.tmp'), '{');
    const second = await start();
    for (const folder of folders) expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await second.json('DELETE', `/containers/${id}`);
  });
});

describe('two who want one name at once', () => {
  test('one of them gets it, and the other a refusal', async () => {
    const client = await start();
    const { prepare } = shelf.images.snapshots;
    shelf.images.snapshots.prepare = async (...args) => {
      await new Promise((resolve) => setImmediate(resolve));
      return prepare(...args);
    };
    const both = await Promise.allSettled([create(client, 'one', 'true'), create(client, 'one', 'true')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = both.find((result) => result.status === 'rejected');
    expect(refused?.reason).toMatchObject({ failureClass: 'state', facts: { status: 409 } });
    await client.json('DELETE', '/containers/one');
  });
});
