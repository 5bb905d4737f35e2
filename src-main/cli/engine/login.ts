import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { Failure } from '../../base/failure.ts';
import { forgetCredentials, keepCredentials, serverAddress } from '../../docker-api/client/kept-credentials.ts';
import { answerTo } from '../answer.ts';
import { type CliIo, printLine } from '../cli-io.ts';
import { openEngine } from './open-engine.ts';

interface LoginOptions {
  readonly username?: string;
  readonly passwordStdin?: boolean;
}

/** `login`, `logout`. */
export function addLoginVerbs(program: Command, io: CliIo): void {
  program
    .command('login')
    .description('keep what a registry wants to know of you, once it has taken it')
    .argument('[registry]', 'HOST[:PORT]; Docker Hub without')
    .option('-u, --username <name>', 'who you are there')
    .option('--password-stdin', 'the password is on stdin')
    .action(async (registry: string | undefined, { username, passwordStdin }: LoginOptions) => {
      const address = serverAddress(registry);
      const credentials = passwordStdin
        ? { username: required(username), password: (await text(io.stdin)).replace(/\r?\n$/, '') }
        : await asked(io, address, username);
      const engine = await openEngine(io);
      await engine.json('POST', '/auth', { body: { ...credentials, serveraddress: address } });
      const where = await keepCredentials(address, credentials, io.env);
      await printLine(io.stderr, `logged in to ${address}, kept in ${where}`);
    });

  program
    .command('logout')
    .description('forget what is kept of you for a registry')
    .argument('[registry]', 'HOST[:PORT]; Docker Hub without')
    .action(async (registry: string | undefined) => {
      const address = serverAddress(registry);
      if (await forgetCredentials(address, io.env)) return;
      throw new Failure('state', 'not-logged-in', `${address}: nothing is kept of you`);
    });
}

function required(username: string | undefined): string {
  if (username !== undefined) return username;
  throw new Failure('usage', 'no-username', 'login: with --password-stdin the name is needed too', {
    hint: 'add --username NAME',
  });
}

async function asked(io: CliIo, address: string, known: string | undefined) {
  if (!io.stdin.isTTY) {
    throw new Failure('usage', 'nobody-to-ask', `login: nobody to ask for a password for ${address}`, {
      hint: 'send it on stdin, with --username NAME --password-stdin',
    });
  }
  let silent = false;
  const output = new Writable({
    write: (chunk, _encoding, done) => {
      if (silent) done();
      else io.stderr.write(chunk, () => done());
    },
  });
  const questions = createInterface({ input: io.stdin, output, terminal: true });
  try {
    const username = known ?? (await answerTo(questions, `name at ${address}: `));
    if (username !== undefined) io.stderr.write('password: ');
    silent = true;
    const password = username === undefined ? undefined : await answerTo(questions, '');
    if (username !== undefined && password !== undefined) return { username, password };
  } finally {
    if (silent) io.stderr.write('\n');
    questions.close();
  }
  throw new Failure('failed', 'not-answered', `login: ${address}: not answered`);
}
