import type { Topology } from '../../../src-main/contract/machine.ts';
import { en } from '../../locales/en.ts';
import classes from './cpu.module.css';
import { layOut } from './topology-model.ts';

/** Sockets as packages, in them their cores, in those their threads. */
export function TopologyPicture({ topology }: { topology: Topology }) {
  const { width, height, sockets } = layOut(topology);
  const { sockets: count, cores, threads } = topology;
  return (
    <svg
      className={classes.picture}
      viewBox={`0 0 ${width} ${height}`}
      style={{ maxWidth: width }}
      role="img"
      aria-label={en.cpu.topology.picture(count, cores, threads)}
    >
      {sockets.map((socket) => (
        <g key={`${socket.x},${socket.y}`}>
          <rect className={classes.socket} {...socket.box} rx={7} />
          {socket.pins.map((pin) => (
            <rect key={`${pin.x},${pin.y}`} className={classes.pin} {...pin} rx={1} />
          ))}
          {socket.cores.map((core) => (
            <g key={`${core.box.x},${core.box.y}`}>
              <rect className={classes.core} {...core.box} rx={3.5} />
              {core.threads.map((thread) => (
                <rect key={`${thread.x},${thread.y}`} className={classes.thread} {...thread} rx={1.5} />
              ))}
            </g>
          ))}
        </g>
      ))}
    </svg>
  );
}
