/** An engine that is killed again and again while containers come and go: nothing stays that nobody lists. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KEEPER_SOCKET } from '../../../src-main/containers/runtime/keeper/protocol.ts';
import { EngineClient } from '../../../src-main/docker-api/client/engine-client.ts';
import { Churn } from '../../support/engine/churn.ts';
import { RealEngine } from '../../support/engine/real-engine.ts';
import { type Listed, straysOf } from '../../support/engine/strays.ts';
import { need } from '../../support/need.ts';
import { Random } from '../../support/random.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

const able = need('root', 'docker', 'networks');
const { home, env } = temporaryHome();
const engine = new RealEngine(home, env);
const { paths } = engine;
const client = new EngineClient(paths.socket);
const SEED = Number(process.env.BULKHEAD_TEST_SEED) || Math.floor(Math.random() * 2 ** 31);
/** What is being cleared away when it is looked for is looked for again. */
const SETTLED = { timeout: 10_000 * SLOWNESS, interval: 100 };

beforeAll(async () => {
  if (!able) return;
  await engine.start();
  await engine.importBusybox();
  await client.json('POST', '/networks/create', { body: { Name: 'front' } });
});

afterAll(() => engine.dispose());

async function listed(): Promise<Listed[]> {
  const all = await client.json<{ Id: string }[]>('GET', '/containers/json', { query: { all: true } });
  return Promise.all(all.map(({ Id }) => client.json<Listed>('GET', `/containers/${Id}/json`)));
}

/** What the churn left of this computer's things; the listed containers are known from now on. */
async function strays(known: Set<string>): Promise<string[]> {
  const all = await listed();
  for (const { Id } of all) known.add(Id);
  return straysOf(paths, all, known);
}

async function runsAnImage(): Promise<void> {
  const body = { Image: 'busybox', Cmd: ['true'], HostConfig: { NetworkMode: 'none' } };
  const { Id } = await client.json<{ Id: string }>('POST', '/containers/create', { body });
  await client.json('POST', `/containers/${Id}/start`);
  expect(await client.json('POST', `/containers/${Id}/wait`)).toMatchObject({ StatusCode: 0 });
  await client.json('DELETE', `/containers/${Id}`);
}

interface Size {
  readonly containers: number;
  readonly kills: number;
  /** Answers between two kills, half of the most. */
  readonly calls: number;
}

async function killedAgainAndAgain({ containers, kills, calls }: Size): Promise<void> {
  process.stderr.write(`churn: BULKHEAD_TEST_SEED=${SEED}\n`);
  const random = new Random(SEED);
  const churn = new Churn(paths.socket, new Random(SEED + 1));
  let killed = 0;
  const enough = (): boolean => churn.created >= containers && killed >= kills;
  const over = churn.run(enough);
  while (!enough()) {
    for (const until = churn.calls + random.below(2 * calls); churn.calls < until && !enough(); ) await delay(2);
    await delay(random.below(100));
    churn.hold();
    await engine.end('SIGKILL');
    await churn.quiet();
    await engine.start();
    killed++;
    await expect.poll(() => strays(churn.known), SETTLED).toEqual([]);
    await client.json('GET', '/system/df');
    await runsAnImage();
    churn.goOn();
  }
  await over;
  expect(churn.faults).toEqual([]);
  expect(await listed()).toEqual([]);
  await engine.end('SIGTERM');
  await expect.poll(() => existsSync(join(paths.runtimeState, KEEPER_SOCKET)), SETTLED).toBe(false);
  expect(straysOf(paths, [], churn.known)).toEqual([]);
  await engine.start();
}

describe('an engine killed while containers come and go', () => {
  test('thirty containers: nothing stays that it does not list', { timeout: 600_000 * SLOWNESS }, () =>
    killedAgainAndAgain({ containers: 30, kills: 5, calls: 15 }),
  );

  test(
    'a thousand containers: nothing stays that it does not list',
    { timeout: 3_600_000 * SLOWNESS, tags: ['long'] },
    () => killedAgainAndAgain({ containers: 1000, kills: 50, calls: 60 }),
  );
});
