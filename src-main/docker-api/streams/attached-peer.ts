import type { Duplex, Writable } from 'node:stream';
import type { ContainerStreams, Listener, OutputName } from '../../containers/lifecycle/container-streams.ts';
import { DetachKeys } from './detach-keys.ts';
import { frame } from './stdcopy.ts';
import { writeSlowly } from './write-slowly.ts';

export interface Attachment {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** A terminal's bytes are sent as they are, others in frames. */
  readonly terminal: boolean;
  readonly detachKeys: string;
  /** Whether the end of what the peer says is the end of the process's input. */
  readonly closeStdin: boolean;
}

/** Joins a connection and a process until the process has said its last, or the peer leaves. Begins to listen at once. */
export class AttachedPeer {
  private readonly listening: { dispose(): void };
  private settle: () => void = () => undefined;
  private readonly over: Promise<void>;
  private peer: Duplex | undefined;
  private readonly early: Buffer[] = [];

  constructor(
    private readonly streams: ContainerStreams,
    private readonly wish: Attachment,
  ) {
    this.over = new Promise((resolve) => {
      this.settle = resolve;
    });
    const listener: Listener = {
      hear: (output, bytes) => this.hear(output, bytes),
      end: () => this.settle(),
    };
    this.listening = streams.listen(listener);
  }

  async talk(peer: Duplex): Promise<void> {
    this.peer = peer;
    for (const bytes of this.early.splice(0)) peer.write(bytes);
    peer.on('close', () => this.settle());
    if (this.wish.stdin) this.readFrom(peer);
    else peer.resume();
    await this.over;
    this.listening.dispose();
  }

  private hear(output: OutputName, bytes: Buffer): boolean | Promise<boolean> {
    if (!(output === 'stdout' ? this.wish.stdout : this.wish.stderr)) return true;
    const sent = this.wish.terminal ? bytes : frame(output, bytes);
    if (this.peer === undefined) {
      this.early.push(sent);
      return true;
    }
    return this.peer.writableNeedDrain || !this.peer.write(sent) ? drained(this.peer) : true;
  }

  private readFrom(peer: Duplex): void {
    const stdin: Writable = this.streams.stdin;
    stdin.on('error', () => undefined);
    const keys = this.wish.terminal ? new DetachKeys(this.wish.detachKeys) : undefined;
    void (async () => {
      try {
        // Its end is not the end of what it hears.
        for await (const chunk of peer.iterator({ destroyOnReturn: false })) {
          const { bytes, detached } = keys?.pass(chunk as Buffer) ?? { bytes: chunk as Buffer, detached: false };
          if (bytes.length > 0) await writeSlowly(stdin, bytes);
          if (detached) return this.settle();
        }
        if (this.wish.closeStdin) stdin.end();
      } catch {
        // The connection broke: it closes, which ends the talk.
      }
    })();
  }
}

function drained(peer: Duplex): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (): void => {
      peer.off('drain', settle);
      peer.off('close', settle);
      resolve(true);
    };
    peer.on('drain', settle);
    peer.on('close', settle);
  });
}
