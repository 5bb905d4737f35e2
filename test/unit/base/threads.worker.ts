import { parentPort, workerData } from 'node:worker_threads';
import { ByteRing } from '../../../src-main/base/byte-ring.ts';
import { Lock } from '../../../src-main/base/lock.ts';
import { patternByte, type ThreadTask } from './thread-tasks.ts';

const task = workerData as ThreadTask;
switch (task.kind) {
  case 'count': {
    const words = new Int32Array(task.buffer);
    const lock = new Lock(words, 0);
    for (let i = 0; i < task.times; i++) {
      lock.acquire();
      // Two plain words that only a held lock keeps equal.
      words[1] = words[1]! + 1;
      words[2] = words[2]! + 1;
      if (words[1] !== words[2]) words[3] = 1;
      lock.release();
    }
    parentPort!.postMessage('done');
    break;
  }
  case 'produce': {
    const ring = new ByteRing(task.buffer, 0, task.capacity);
    const chunk = new Uint8Array(777);
    for (let sent = 0; sent < task.count; ) {
      if (sent % 3 === 0) {
        if (ring.push(patternByte(sent))) sent++;
        continue;
      }
      const length = Math.min(chunk.length, task.count - sent);
      for (let i = 0; i < length; i++) chunk[i] = patternByte(sent + i);
      sent += ring.pushBytes(chunk.subarray(0, length));
    }
    parentPort!.postMessage('done');
    break;
  }
}
