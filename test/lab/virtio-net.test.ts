import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildGuestProgram } from '../support/guest/guest-program.ts';
import { clone } from '../support/lab/lab.ts';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';
import { need } from '../support/need.ts';

interface Shown {
  readonly networks: readonly {
    readonly address?: string;
    readonly mac: string;
    readonly traffic: Readonly<Record<string, number>>;
  }[];
}

describe('a virtio network card on KVM, by the command line client', LAB_RETRY, () => {
  const folder = join(clone, '.cache/test-guest');
  if (need('passt', 'gcc')) beforeAll(() => void buildGuestProgram('udp-echo', folder));
  const session = labSession();

  /** A folder of the lab's, served on its loopback address; the sum of `big` there. */
  async function serve(port: number, address = '127.0.0.1'): Promise<string> {
    const { lab } = session;
    const www = `/tmp/www-${port}`;
    await lab.output(
      `busybox pkill -f 'httpd -p ${address}:${port}'; mkdir -p ${www} && cp ${folder}/udp-echo ${www}/ && head -c 8000000 /dev/urandom > ${www}/big &&
       busybox httpd -p ${address}:${port} -h ${www}`,
    );
    return (await lab.output(`sha256sum < ${www}/big`)).trim();
  }

  test('Tiny Linux has an address by DHCP from passt, and HTTP and datagrams go both ways', async () => {
    const { lab, bulkhead } = session;
    const sum = await serve(8099);
    const machine = await bulkhead.create(
      'net',
      ...['--guest', 'tiny-linux', '--memory', '128M', '--accel', 'kvm', '--cpus', '2'],
      ...['--net', 'user,forward=tcp:8080:80,forward=udp:5353:7'],
    );
    await machine.start('login:');
    await machine.logIn();
    expect(await machine.answer('until ip route | grep -q default; do sleep 1; done')).toBe('');
    const [network] = (await bulkhead.json<Shown>(['vm', 'show', 'net'])).networks;
    expect(network!.address).toBe('10.0.2.15');
    expect(await machine.answer('cat /sys/class/net/eth0/address')).toBe(network!.mac);
    expect(await machine.answer('dmesg | grep -iE "virtio|eth0" | grep -icE "warn|error|fail"')).toBe('0');
    const url = 'http://10.0.2.2:8099';
    expect(await machine.answer(`wget -qO- ${url}/big | sha256sum`, 120)).toBe(sum);
    await machine.answer(`cd /tmp; wget -q ${url}/udp-echo; chmod +x udp-echo`);
    await machine.answer('(./udp-echo &); mkdir www; httpd -h www');
    const guestSum = await machine.answer('head -c 8000000 /dev/urandom >www/f; sha256sum <www/f');
    expect((await lab.output('busybox wget -qO- http://127.0.0.1:8080/f | sha256sum', { seconds: 120 })).trim()).toBe(
      guestSum,
    );
    const ask = 'exec 3<>/dev/udp/127.0.0.1/5353; echo a datagram >&3; timeout 20 head -n 1 <&3';
    expect(await lab.output(ask)).toBe('a datagram\n');
    expect(await machine.answer('grep -c "MSI.*virtio" /proc/interrupts')).toMatch(/^[2-9]$/);
    await machine.vm('forward', '--add', 'tcp:8081:80');
    const second = await lab.output('busybox wget -qO- http://127.0.0.1:8081/f | sha256sum', { seconds: 120 });
    expect(second.trim()).toBe(guestSum);
    // The frames of a pause come when it is over.
    await machine.vm('pause');
    await machine.vm('resume');
    expect(await machine.answer(`wget -qO- ${url}/big | sha256sum`, 120)).toBe(sum);
    await machine.vm('reset');
    await machine.logged('login:', { times: 2, seconds: 120 });
    await machine.logIn();
    await machine.answer('until ip route | grep -q default; do sleep 1; done');
    expect(await machine.answer(`wget -qO- ${url}/big | sha256sum`, 120)).toBe(sum);
    await machine.vm('kill');
    expect(await machine.left()).toBe('');
    expect(await lab.output('pidof passt || true')).toBe('');
  });

  test('through a tap, segments larger than its MTU pass both ways', { tags: ['long'] }, async () => {
    const { lab, bulkhead } = session;
    const machine = await bulkhead.create(
      'tap',
      ...['--guest', 'tiny-linux', '--memory', '128M', '--accel', 'kvm', '--net', 'tap:lab0'],
    );
    await machine.start('login:');
    await lab.output('ip address add 192.168.77.1/24 dev lab0');
    const sum = await serve(8098, '192.168.77.1');
    await machine.logIn();
    await machine.answer('ip address add 192.168.77.2/24 dev eth0; ip link set eth0 up');
    expect(await machine.answer('wget -qO- http://192.168.77.1:8098/big | sha256sum', 120)).toBe(sum);
    await machine.answer('mkdir /tmp/www; httpd -h /tmp/www; cd /tmp/www');
    const guestSum = await machine.answer('head -c 8000000 /dev/urandom >f; sha256sum <f');
    const fetched = await lab.output('busybox wget -qO- http://192.168.77.2/f | sha256sum', { seconds: 120 });
    expect(fetched.trim()).toBe(guestSum);
    const [network] = (await bulkhead.json<Shown>(['vm', 'show', 'tap'])).networks;
    expect(network!.address).toBe('192.168.77.2');
    const { sentBytes = 0, sentFrames = 1, receivedBytes = 0, receivedFrames = 1 } = network!.traffic;
    expect(sentBytes / sentFrames).toBeGreaterThan(1514);
    expect(receivedBytes / receivedFrames).toBeGreaterThan(1514);
    await machine.vm('kill');
    expect(await machine.left()).toBe('');
    expect(await lab.output('ip link show lab0 2>/dev/null || echo gone')).toBe('gone\n');
  });
});
