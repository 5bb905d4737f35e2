import { Failure } from '../../../base/failure.ts';

export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** Where /etc/passwd says their home is. */
  readonly home: string;
}

/** The container's own idea of its users: passwd(5) and group(5), empty where it has none. */
export interface UserFiles {
  readonly passwd: string;
  readonly group: string;
}

interface PasswdLine {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupLine {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const ID_MAX = 2 ** 31 - 1;

/**
 * Who `user`, `user:group`, `uid:gid` is in a container (Docker API 1.47 ContainerConfig.User); `addGroups` is
 * `--group-add`. Groups the image's user is a member of are left out where `mayHave` says that there are none such.
 */
export function resolveUser(
  text: string,
  { passwd, group }: UserFiles,
  addGroups: readonly string[] = [],
  mayHave: (gid: number) => boolean = () => true,
): ProcessUser {
  const [userText = '', groupText] = text.split(':', 2);
  const users = parsePasswd(passwd);
  const groups = parseGroup(group);
  const wanted = userText === '' ? '0' : userText;
  const known = users.find(({ name }) => name === wanted) ?? users.find(({ uid }) => `${uid}` === wanted);
  const uid = known?.uid ?? idOf(wanted);
  if (uid === undefined) throw wrong(`unable to find user ${wanted}: no matching entries in passwd file`);
  const gid = groupText === undefined || groupText === '' ? (known?.gid ?? 0) : groupId(groups, groupText);
  // Groups a user is a member of count only where the primary one is not said.
  const member =
    groupText === undefined
      ? groups
          .filter(({ members }) => known && members.includes(known.name))
          .map((g) => g.gid)
          .filter(mayHave)
      : [];
  const added = addGroups.map((name) => groupId(groups, name));
  const additionalGids = [...new Set([...member, ...added])].filter((other) => other !== gid || added.includes(other));
  return { uid, gid, additionalGids, home: known?.home || '/' };
}

function groupId(groups: readonly GroupLine[], text: string): number {
  const gid = groups.find(({ name }) => name === text)?.gid ?? idOf(text);
  if (gid === undefined) throw wrong(`unable to find group ${text}: no matching entries in group file`);
  return gid;
}

function idOf(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= ID_MAX ? Number(text) : undefined;
}

function parsePasswd(text: string): PasswdLine[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', gid = '', , home = ''] = line.split(':');
    return name !== '' && idOf(uid) !== undefined ? [{ name, uid: Number(uid), gid: idOf(gid) ?? 0, home }] : [];
  });
}

function parseGroup(text: string): GroupLine[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , gid = '', members = ''] = line.split(':');
    return name !== '' && idOf(gid) !== undefined ? [{ name, gid: Number(gid), members: members.split(',') }] : [];
  });
}

function wrong(message: string): Failure {
  return new Failure('usage', 'no-such-user', message);
}
