/** What `docker login`, or a credential helper of its, keeps of a user's registries. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { Failure } from '../../base/failure.ts';
import { parseName } from '../../containers/images/reference.ts';
import { addressOf } from '../types/registry-auth.ts';

/** docker(1) config.json, as far as credentials go. */
const config = z.looseObject({
  auths: z.optional(
    z.record(z.string(), z.looseObject({ auth: z.optional(z.string()), identitytoken: z.optional(z.string()) })),
  ),
  credsStore: z.optional(z.string()),
  credHelpers: z.optional(z.record(z.string(), z.string())),
});
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
  const path = join(env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker'), 'config.json');
  if (!existsSync(path)) return undefined;
  const { auths, credsStore, credHelpers } = read(path);
  const helper = credHelpers?.[address] ?? credsStore;
  const helped = helper === undefined ? undefined : await askHelper(helper, address, env);
  if (helped !== undefined) return helped;
  const kept = auths?.[address] ?? auths?.[`https://${address}`];
  if (kept?.identitytoken) return { identitytoken: kept.identitytoken };
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(kept?.auth ?? '', 'base64').toString('utf8')) ?? [];
  return username ? { username, password: password ?? '' } : undefined;
}

function read(path: string): z.infer<typeof config> {
  try {
    return config.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new Failure('host', 'credentials-unreadable', `${path}: cannot be read as docker's settings`, {
      hint: 'mend it, or move it away and log in again',
      cause,
    });
  }
}

/** docker-credential-helpers' protocol: the address on stdin, JSON on stdout; it fails where it knows nothing. */
function askHelper(name: string, address: string, env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  if (!HELPER.test(name)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const child = spawn(`docker-credential-${name}`, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
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
