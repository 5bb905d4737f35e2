import { asFailure } from '../../base/failure.ts';
import { errorAnswer } from '../server/failure-status.ts';
import { done, json, type Route, route } from '../server/route.ts';
import { AttachedPeer } from '../streams/attached-peer.ts';
import { frame } from '../streams/stdcopy.ts';
import * as requests from '../types/container-requests.ts';
import type { EngineServices } from './engine-services.ts';

/** Docker API 1.47 "Exec". */
export function execRoutes({ containers }: EngineServices): Route[] {
  const { execs } = containers;
  const sizeOf = (pair: readonly number[] | null | undefined) => {
    const [rows = 0, columns = 0] = pair ?? [];
    return rows > 0 && columns > 0 ? { rows, columns } : undefined;
  };

  return [
    route('POST', '/containers/{id}/exec', { body: requests.execBody }, ({ path, body }) => {
      const session = execs.create(containers.find(path.id ?? ''), {
        args: body.Cmd,
        tty: body.Tty,
        env: body.Env,
        user: body.User,
        workingDir: body.WorkingDir,
        privileged: body.Privileged,
        stdin: body.AttachStdin,
        stdout: body.AttachStdout,
        stderr: body.AttachStderr,
        detachKeys: body.DetachKeys,
      });
      return json({ Id: session.id }, 201);
    }),
    route('POST', '/exec/{id}/start', { body: requests.execStartBody }, async ({ path, body }) => {
      const session = execs.get(path.id ?? '');
      const { tty, stdin, stdout, stderr, detachKeys } = session.request;
      if (body.Detach) {
        await session.start(sizeOf(body.ConsoleSize));
        return { kind: 'empty', status: 200 };
      }
      const peer = new AttachedPeer(session.streams, {
        stdin,
        stdout,
        stderr,
        terminal: tty,
        detachKeys,
        closeStdin: true,
      });
      const unstarted = await session.start(sizeOf(body.ConsoleSize)).then(() => undefined, asFailure);
      // Of what is wrong before anything is tried, the status tells; the rest belongs to the process's output.
      if (unstarted?.failureClass === 'state' || unstarted?.failureClass === 'not-found') throw unstarted;
      return {
        kind: 'hijack',
        contentType: tty ? 'application/vnd.docker.raw-stream' : 'application/vnd.docker.multiplexed-stream',
        // As a shell would tell it, and by the exec's exit code: clients take all they get here for output.
        talk: async (connection) => {
          if (unstarted === undefined) return peer.talk(connection);
          const bytes = Buffer.from(`${errorAnswer(unstarted).message}\r\n`);
          connection.end(tty ? bytes : frame('stderr', bytes));
        },
      };
    }),
    route('POST', '/exec/{id}/resize', { query: requests.sizeQuery }, async ({ path, query }) => {
      await execs.get(path.id ?? '').resize({ rows: query.h ?? 0, columns: query.w ?? 0 });
      return done();
    }),
    route('GET', '/exec/{id}/json', {}, ({ path }) => {
      const session = execs.get(path.id ?? '');
      const { request, container } = session;
      const [entrypoint = '', ...args] = request.args;
      return json({
        ID: session.id,
        Running: session.running,
        ExitCode: session.exitCode,
        ProcessConfig: {
          tty: request.tty,
          entrypoint,
          arguments: args,
          privileged: request.privileged,
          user: request.user,
        },
        OpenStdin: request.stdin,
        OpenStderr: request.stderr,
        OpenStdout: request.stdout,
        CanRemove: !session.running && session.exitCode !== null,
        ContainerID: container.id,
        DetachKeys: request.detachKeys,
        Pid: session.pid,
      });
    }),
  ];
}
