import { randomBytes, randomInt } from 'node:crypto';
import { Failure } from '../../base/failure.ts';

/** Docker's rule for the names of containers and volumes, which have two characters at least; networks need but one. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const NAMES = { container: NAME, volume: NAME, network: /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/ };

const HOW =
  'able bold brave bright brisk calm clear deft eager fair fleet glad keen kind lively lucky merry neat nimble proud quick quiet ready sharp sleek smart snug steady sturdy swift tidy trim trusty warm wise witty'.split(
    ' ',
  );
const WHAT =
  'anchor ballast barge beacon bilge binnacle boom bosun bowline buoy capstan clipper cutter dinghy fender frigate galley gangway halyard harbour hatch helm hull jetty keel ketch lagoon lanyard lighthouse mainsail mast mooring oar pilot pontoon porthole quay rigging rudder sextant skiff sloop spar spinnaker tiller topsail trawler tugboat winch yawl'.split(
    ' ',
  );

export function newId(): string {
  return randomBytes(32).toString('hex');
}

/** A name nobody has: two words, and a number when chance has run out of them. */
export function inventName(taken: (name: string) => boolean): string {
  for (let tries = 0; ; tries++) {
    const name = `${HOW[randomInt(HOW.length)]}_${WHAT[randomInt(WHAT.length)]}${tries < 8 ? '' : randomInt(10_000)}`;
    if (!taken(name)) return name;
  }
}

export function requireName(what: keyof typeof NAMES, name: string): void {
  if (NAMES[what].test(name) && name.length <= 128) return;
  throw new Failure('usage', 'bad-name', `Invalid ${what} name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
}
