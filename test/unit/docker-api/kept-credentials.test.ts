import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  credentialHeaders,
  forgetCredentials,
  keepCredentials,
} from '../../../src-main/docker-api/client/kept-credentials.ts';
import { registryAuth } from '../../../src-main/docker-api/types/registry-auth.ts';

let home = '';
const basic = (text: string): string => Buffer.from(text).toString('base64');

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'bh-credentials-'));
  mkdirSync(join(home, '.docker'));
});
afterEach(() => rmSync(home, { recursive: true }));

function keep(config: unknown): void {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  writeFileSync(join(home, '.docker/config.json'), text);
}

const env = (): NodeJS.ProcessEnv => ({ HOME: home, PATH: `${home}:/usr/bin:/bin` });

/** What the engine makes of it. */
async function sentFor(image: string) {
  const headers = await credentialHeaders(image, env());
  return registryAuth(headers['X-Registry-Auth']);
}

function helper(name: string, answer: string): void {
  const path = join(home, `docker-credential-${name}`);
  writeFileSync(path, `#!/bin/sh\nread address\n${answer}\n`);
  chmodSync(path, 0o755);
}

describe('what docker login keeps', () => {
  test('goes to the registry it is of, and to no other', async () => {
    keep({
      auths: {
        'r.example:5000': { auth: basic('ann:se:cret') },
        'https://index.docker.io/v1/': { auth: basic('bob:b') },
      },
    });
    expect(await sentFor('r.example:5000/box:1')).toEqual({ username: 'ann', password: 'se:cret' });
    expect(await sentFor('busybox')).toEqual({ username: 'bob', password: 'b' });
    expect(await sentFor('other.example/box')).toBeUndefined();
  });

  test('is nothing where nobody has logged in', async () => {
    expect(await sentFor('r.example/box')).toBeUndefined();
    keep({});
    expect(await sentFor('r.example/box')).toBeUndefined();
  });

  test('may be an identity token', async () => {
    keep({ auths: { 'r.example': { auth: basic('ann:'), identitytoken: 'refresh' } } });
    expect(await sentFor('r.example/box')).toEqual({ identityToken: 'refresh' });
  });

  test('may be with a helper, for one registry or for all', async () => {
    helper('one', `echo "{\\"Username\\":\\"ann\\",\\"Secret\\":\\"of $address\\"}"`);
    helper('all', `echo '{"Username":"<token>","Secret":"refresh"}'`);
    keep({ credsStore: 'all', credHelpers: { 'r.example': 'one' } });
    expect(await sentFor('r.example/box')).toEqual({ username: 'ann', password: 'of r.example' });
    expect(await sentFor('other.example/box')).toEqual({ identityToken: 'refresh' });
  });

  test.for([
    ['that is not installed', 'missing'],
    ['that fails', 'failing'],
    ['whose name is a path', '../evil'],
  ])('with a helper %s is what the file has', async ([, name]) => {
    helper('failing', 'exit 1');
    keep({ credsStore: name, auths: { 'r.example': { auth: basic('ann:a') } } });
    expect(await sentFor('r.example/box')).toEqual({ username: 'ann', password: 'a' });
  });

  test.for(['{', '[]', '{"auths":{"r.example":{"auth":5}}}'])('in a broken file is said to be: %s', async (text) => {
    keep(text);
    await expect(sentFor('r.example/box')).rejects.toThrow("config.json: cannot be read as docker's settings");
  });
});

describe('what a login keeps', () => {
  const ann = { username: 'ann', password: 'se:cret' };
  const file = () => join(home, '.docker/config.json');

  test('is in the file, for its owner alone, beside all that was there', async () => {
    keep({ auths: { 'other.example': { auth: basic('bob:b') } }, detachKeys: 'ctrl-x' });
    await keepCredentials('r.example', ann, env());
    expect(await sentFor('r.example/box')).toEqual(ann);
    expect(await sentFor('other.example/box')).toEqual({ username: 'bob', password: 'b' });
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toMatchObject({ detachKeys: 'ctrl-x' });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(await forgetCredentials('r.example', env())).toBe(true);
    expect(await forgetCredentials('r.example', env())).toBe(false);
    expect(await sentFor('r.example/box')).toBeUndefined();
    expect(await sentFor('other.example/box')).toEqual({ username: 'bob', password: 'b' });
  });

  test('begins a file where there is none, and follows a link to where it is kept', async () => {
    rmSync(join(home, '.docker'), { recursive: true });
    await keepCredentials('r.example', ann, env());
    expect(await sentFor('r.example/box')).toEqual(ann);
    renameSync(file(), join(home, 'elsewhere.json'));
    symlinkSync('../elsewhere.json', file());
    await keepCredentials('other.example', ann, env());
    expect(lstatSync(file()).isSymbolicLink()).toBe(true);
    expect(await sentFor('other.example/box')).toEqual(ann);
  });

  test('is told to the helper, where there is one, and no file has it', async () => {
    writeFileSync(
      join(home, 'docker-credential-one'),
      '#!/bin/sh\ncd "$(dirname "$0")"\ncase $1 in store) cat > stored;; erase) rm stored;; get) cat stored;; esac\n',
      { mode: 0o755 },
    );
    keep({ credsStore: 'one' });
    expect(await keepCredentials('r.example', ann, env())).toBe('docker-credential-one');
    expect(JSON.parse(readFileSync(join(home, 'stored'), 'utf8'))).toEqual({
      ServerURL: 'r.example',
      Username: 'ann',
      Secret: 'se:cret',
    });
    expect(readFileSync(file(), 'utf8')).toBe('{"credsStore":"one"}');
    expect(await sentFor('r.example/box')).toEqual(ann);
    expect(await forgetCredentials('r.example', env())).toBe(true);
    expect(await forgetCredentials('r.example', env())).toBe(false);
  });

  test('is not kept by a helper that fails, which says why', async () => {
    helper('failing', 'echo the keyring is locked; exit 1');
    keep({ credsStore: 'failing' });
    await expect(keepCredentials('r.example', ann, env())).rejects.toThrow(
      'docker-credential-failing store: the keyring is locked',
    );
  });
});
