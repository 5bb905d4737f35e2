import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isUserData, type SeedSource, seedImage } from '../../../src-main/cloud-init/seed.ts';
import { sha512Crypt } from '../../../src-main/cloud-init/sha512-crypt.ts';
import { isoImage } from '../../../src-main/storage/iso/iso-image.ts';
import { need } from '../../support/need.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder('seed');

const machine = { id: '6b1f', name: 'Web server' };
const at = new Date('2026-02-03T04:05:06Z');
const form: SeedSource = {
  kind: 'form',
  hostname: 'web',
  user: 'ann',
  passwordHash: '$6$salt$hash',
  sshKeys: ['ssh-ed25519 AAAA ann@"home"'],
};

function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  expect(status, `${program}: ${stderr}`).toBe(0);
  return stdout;
}

function written(image: Uint8Array): string {
  const path = join(folder, 'seed.iso');
  writeFileSync(path, image);
  return path;
}

describe('sha512-crypt', () => {
  test.each([
    [
      'Hello world!',
      'saltstring',
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    ],
  ])('%s: Drepper’s own example', (password, salt, expected) => {
    expect(sha512Crypt(password, salt)).toBe(expected);
  });

  test('every length of password and salt is what openssl makes of it', () => {
    need('openssl');
    for (const length of [0, 1, 2, 3, 15, 16, 17, 63, 64, 65, 127, 128, 129, 200]) {
      const password = 'pässwörd '.repeat(40).slice(0, length);
      const salt = 'abcdefghij./0189XYZ'.slice(0, 1 + (length % 16));
      const expected = spawnSync('openssl', ['passwd', '-6', '-salt', salt, '-stdin'], {
        input: `${password}\n`,
        encoding: 'utf8',
      });
      if (length > 0) expect(sha512Crypt(password, salt), `length ${length}`).toBe(expected.stdout.trim());
    }
  });

  test('salts differ', () => {
    expect(sha512Crypt('x')).not.toBe(sha512Crypt('x'));
  });
});

describe('user data from a form', () => {
  const text = (name: string, image: Uint8Array): string => {
    const whole = Buffer.from(image).toString('latin1');
    const start = whole.indexOf(name === 'user-data' ? '#cloud-config' : '{\n "instance-id"');
    return whole.slice(start).replace(/\0.*/s, '');
  };

  test('is cloud-config with the user, the hash and the keys, whatever characters they have', () => {
    const config = JSON.parse(text('user-data', seedImage(form, machine, at)).replace('#cloud-config\n', ''));
    expect(config).toMatchObject({
      hostname: 'web',
      ssh_pwauth: true,
      users: [{ name: 'ann', passwd: '$6$salt$hash', lock_passwd: false, ssh_authorized_keys: form.sshKeys }],
    });
  });

  test('without a user the distribution’s own gets the keys', () => {
    const config = JSON.parse(
      text('user-data', seedImage({ kind: 'form', sshKeys: ['k'] }, machine, at)).replace('#cloud-config\n', ''),
    );
    expect(config).toEqual({ ssh_authorized_keys: ['k'] });
  });

  test('the instance id changes with what is to be applied, and the host is named after the machine', () => {
    const metaOf = (source: SeedSource) => JSON.parse(text('meta-data', seedImage(source, machine, at)));
    const bare: SeedSource = { kind: 'form', sshKeys: [] };
    expect(metaOf(bare)['local-hostname']).toBe('web-server');
    expect(metaOf(form)['local-hostname']).toBe('web');
    expect(metaOf(form)['instance-id']).not.toBe(metaOf(bare)['instance-id']);
    expect(metaOf(form)['instance-id']).toBe(metaOf(form)['instance-id']);
  });

  test('what cloud-init would not read is told apart', () => {
    expect([isUserData('#cloud-config\nx: 1'), isUserData('#!/bin/sh\n'), isUserData('users: []')]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('the seed as a disc', () => {
  need('xorriso', 'isoinfo');

  test('is labelled cidata, and Rock Ridge and Joliet both show user-data and meta-data', () => {
    const path = written(seedImage({ kind: 'raw', userData: '#cloud-config\n{}\n' }, machine, at));
    expect(run('isoinfo', '-d', '-i', path)).toMatch(/Volume id: cidata\n[\s\S]*Joliet[\s\S]*Rock Ridge/);
    expect(run('isoinfo', '-R', '-f', '-i', path).trim().split('\n')).toEqual(['/meta-data', '/user-data']);
    expect(run('isoinfo', '-J', '-f', '-i', path).trim().split('\n').sort()).toEqual(['/meta-data;1', '/user-data;1']);
    expect(run('isoinfo', '-J', '-i', path, '-x', '/user-data;1')).toBe('#cloud-config\n{}\n');
    expect(run('blkid', '-o', 'value', '-s', 'LABEL', path).trim()).toBe('cidata');
  });

  test('xorriso extracts files of any size as they are', () => {
    const sizes = [0, 1, 2047, 2048, 2049, 300_000];
    const files = sizes.map((size) => ({ name: `size-${size}`, bytes: Buffer.alloc(size, `${size}.`) }));
    const path = written(isoImage('sizes', files, at));
    const target = join(folder, 'extracted');
    run('xorriso', '-osirrox', 'on', '-indev', path, '-extract', '/', target);
    for (const { name, bytes } of files) expect(readFileSync(join(target, name)).equals(bytes), name).toBe(true);
    run('chmod', '-R', 'u+w', target);
  });
});
