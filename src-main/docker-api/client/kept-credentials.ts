/** What `docker login`, or a credential helper of its, keeps of a user's registries. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { Failure } from '../../base/failure.ts';
import { parseName } from '../../containers/images/reference.ts';
import { writeFileAtomically } from '../../inventory/atomic-file.ts';
import { addressOf, registryOf } from '../types/registry-auth.ts';

/** docker(1) config.json, as far as credentials go. */
const config = z.looseObject({
  auths: z.optional(
    z.record(z.string(), z.looseObject({ auth: z.optional(z.string()), identitytoken: z.optional(z.string()) })),
  ),
  credsStore: z.optional(z.string()),
  credHelpers: z.optional(z.record(z.string(), z.string())),
});
type Config = z.infer<typeof config>;
const helperAnswer = z.looseObject({ Username: z.string(), Secret: z.string() });
/** What a helper calls itself, behind `docker-credential-`: it becomes a program's name. */
const HELPER = /^[A-Za-z0-9_-]+$/;
/** docker-credential-helpers: the secret is an identity token then. */
const TOKEN_USER = '<token>';

interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
}

/** The headers that speak for the user to the registry an image is in; none where nothing is kept of it. */
export async function credentialHeaders(image: string, env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const serveraddress = addressOf(parseName(image).registry);
  const found = await credentialsOf(serveraddress, env);
  if (found === undefined) return {};
  const header = Buffer.from(JSON.stringify({ ...found, serveraddress })).toString('base64url');
  return { 'X-Registry-Auth': header };
}

async function credentialsOf(address: string, env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  const { auths, ...helpers } = read(configPath(env));
  const helper = helperFor(helpers, address);
  const helped = helper === undefined ? undefined : await askHelper(helper, address, env);
  if (helped !== undefined) return helped;
  const kept = auths?.[address] ?? auths?.[`https://${address}`];
  if (kept?.identitytoken) return { identitytoken: kept.identitytoken };
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(kept?.auth ?? '', 'base64').toString('utf8')) ?? [];
  return username ? { username, password: password ?? '' } : undefined;
}

/** By what a registry's credentials are kept, that of Docker Hub without one. */
export function serverAddress(registry = ''): string {
  return addressOf(registryOf(registry));
}

/**
 * Keeps them as `docker login` does: with the user's credential helper where there is one, else in the file. Says where.
 */
export async function keepCredentials(
  address: string,
  { username, password }: { username: string; password: string },
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const path = configPath(env);
  const kept = read(path);
  const helper = helperFor(kept, address);
  if (helper !== undefined) {
    const secret = JSON.stringify({ ServerURL: address, Username: username, Secret: password });
    await tellHelper(helper, 'store', secret, env);
    return programOf(helper);
  }
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  write(path, { ...kept, auths: { ...kept.auths, [address]: { auth } } });
  return path;
}

/** Whether there was anything to forget. */
export async function forgetCredentials(address: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const path = configPath(env);
  const kept = read(path);
  const helper = helperFor(kept, address);
  const helped = helper !== undefined && (await askHelper(helper, address, env)) !== undefined;
  if (helped) await tellHelper(helper, 'erase', address, env);
  const auths = { ...kept.auths };
  const names = [address, `https://${address}`].filter((name) => name in auths);
  for (const name of names) delete auths[name];
  if (names.length > 0) write(path, { ...kept, auths });
  return helped || names.length > 0;
}

function configPath(env: NodeJS.ProcessEnv): string {
  return join(env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker'), 'config.json');
}

function helperFor({ credsStore, credHelpers }: Pick<Config, 'credsStore' | 'credHelpers'>, address: string) {
  const helper = credHelpers?.[address] ?? credsStore;
  return helper !== undefined && HELPER.test(helper) ? helper : undefined;
}

/** Nothing where there is no file. */
function read(path: string): Config {
  if (!existsSync(path)) return {};
  try {
    return config.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new Failure('host', 'credentials-unreadable', `${path}: cannot be read as docker's settings`, {
      hint: 'mend it, or move it away and log in again',
      cause,
    });
  }
}

/** A file that is another's through a link stays where it is. */
function write(path: string, settings: Config): void {
  const place = existsSync(path) ? realpathSync(path) : path;
  writeFileAtomically(place, `${JSON.stringify(settings, null, '\t')}\n`);
}

const programOf = (helper: string): string => `docker-credential-${helper}`;

/** docker-credential-helpers' protocol: what it is told on stdin; it fails with words on stdout. */
function tellHelper(name: string, verb: 'store' | 'erase', what: string, env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new Failure('host', 'credential-helper', `${programOf(name)} ${verb}: ${why}`));
    const child = spawn(programOf(name), [verb], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.stdin.on('error', () => undefined);
    child.on('error', ({ message }) => fail(message));
    child.on('close', (status) => (status === 0 ? resolve() : fail(text.trim() || `exit status ${status}`)));
    child.stdin.end(what);
  });
}

/** docker-credential-helpers' protocol: the address on stdin, JSON on stdout; it fails where it knows nothing. */
function askHelper(name: string, address: string, env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  return new Promise((resolve) => {
    const child = spawn(programOf(name), ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.stdin.on('error', () => undefined);
    child.on('error', () => resolve(undefined));
    child.on('close', (status) => resolve(status === 0 ? parseAnswer(text) : undefined));
    child.stdin.end(address);
  });
}

function parseAnswer(text: string): Credentials | undefined {
  try {
    const { Username, Secret } = helperAnswer.parse(JSON.parse(text));
    return Username === TOKEN_USER ? { identitytoken: Secret } : { username: Username, password: Secret };
  } catch {
    return undefined;
  }
}
