#!/usr/bin/env node
// Asks Debian's QEMU what it knows of every x86 CPU model, version and alias, and keeps the answer as a test fixture:
//   node scripts/cpu-models/capture.mjs [OUTPUT]
// README.md beside this file describes the result.
import { accessSync, constants, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { QmpProcess } from './qmp-process.mjs';

const OUTPUT = join(import.meta.dirname, '../../test/fixtures/cpu-models/qemu-7.2.json');

/** What these two are depends on the host (or on the accelerator), so there is no one answer to keep. */
const HOST_DEPENDENT = new Set(['host', 'max']);

/** Properties that say how QEMU places a vCPU, and nothing of the model. */
const PLACEMENT =
  /^(apic-id|thread-id|socket-id|die-id|core-id|node-id|memory|realized|start-powered-off|crash-information)$/;

/** Hyper-V enlightenments are switches of the accelerator, off in every model. */
const HYPERV = /^(x-)?hv-/;

async function capture(accelerator) {
  const qmp = new QmpProcess(accelerator);
  await qmp.ready;
  const { qemu, package: build } = await qmp.execute('query-version');
  const models = {};
  let staticProperties = [];
  let booleans = [];
  const definitions = await qmp.execute('query-cpu-definitions');
  for (const { name, 'alias-of': aliasOf, deprecated } of definitions.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (HOST_DEPENDENT.has(name)) continue;
    const full = await expand(qmp, 'full', name);
    const fixed = await expand(qmp, 'static', name);
    const withVmx = await expand(qmp, 'full', name, { vmx: true });
    booleans = Object.keys(full).filter((key) => typeof full[key] === 'boolean');
    staticProperties = Object.keys(fixed);
    const differs = staticProperties.filter((key) => fixed[key] !== full[key]);
    models[name] = {
      ...(aliasOf && { aliasOf }),
      ...(deprecated && { deprecated }),
      on: booleans.filter((key) => full[key]).join(' '),
      vmx: booleans.filter((key) => withVmx[key] && !full[key]).join(' '),
      values: Object.fromEntries(Object.entries(full).filter(([, value]) => typeof value !== 'boolean')),
      ...(differs.length > 0 && { static: Object.fromEntries(differs.map((key) => [key, fixed[key]])) }),
    };
  }
  await qmp.end();
  const version = `${qemu.major}.${qemu.minor}.${qemu.micro} (${build})`;
  return { version, properties: booleans.join(' '), staticProperties: staticProperties.sort().join(' '), models };
}

async function expand(qmp, type, name, props) {
  const { model } = await qmp.execute('query-cpu-model-expansion', { type, model: { name, ...(props && { props }) } });
  const kept = Object.entries(model.props).filter(([key]) => !PLACEMENT.test(key) && !HYPERV.test(key));
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Where each flag is told: `7.0.ebx.16`. A CPU with flags on is asked for its words; which flags are on in which of a few
 * runs spells each flag's number in binary, so every bit tells whose it is. Bits of MSRs (`msr 10a.0`) it tells in its
 * warnings, as nothing here turns on what they depend on in every run.
 */
async function captureBits(names) {
  const numbers = new Map();
  const places = [];
  for (let run = 0; 1 << run <= names.length; run++) {
    const flags = names.filter((_, i) => ((i + 1) >> run) & 1).map((name) => `${name}=on`);
    const qmp = new QmpProcess('tcg', { machine: 'q35', cpu: ['base', 'check=off', ...flags].join(',') });
    await qmp.ready;
    const path = '/machine/unattached/device[0]';
    for (const property of ['feature-words', 'filtered-features']) {
      for (const word of await qmp.execute('qom-get', { path, property })) {
        const { 'cpuid-input-eax': leaf, 'cpuid-input-ecx': subleaf, 'cpuid-register': register, features } = word;
        // State components follow from other flags.
        if (leaf === 0xd && !(subleaf === 1 && register === 'EAX')) continue;
        for (let bit = 0; bit < 32; bit++) {
          if (!((features >>> bit) & 1)) continue;
          const place = [
            leaf.toString(16),
            ...(subleaf === undefined ? [] : [subleaf]),
            register.toLowerCase(),
            bit,
          ].join('.');
          numbers.set(place, (numbers.get(place) ?? 0) | (1 << run));
        }
      }
    }
    await qmp.end();
    for (const [, msr, name, bit] of qmp.warnings.matchAll(/MSR\(([0-9A-F]+)H\)\.(\S+) \[bit (\d+)\]/g)) {
      places.push([`msr ${msr.toLowerCase()}.${bit}`, name]);
    }
  }
  for (const [place, number] of numbers) if (names[number - 1]) places.push([place, names[number - 1]]);
  return Object.fromEntries(places.sort((a, b) => (a.join() < b.join() ? -1 : 1)));
}

/** Takes values that every model has alike out of the models. */
function factorOut(models) {
  const all = Object.values(models);
  const common = Object.entries(all[0].values).filter(([key, value]) => all.every((m) => m.values[key] === value));
  for (const [key] of common) for (const model of all) delete model.values[key];
  return Object.fromEntries(common);
}

/** What KVM's defaults change, by model, against the answer under TCG. */
function differences(reference, models) {
  const words = (text) => text.split(' ').filter(Boolean);
  return Object.fromEntries(
    Object.entries(models).map(([name, { on, values }]) => {
      const before = reference[name];
      const plus = words(on).filter((key) => !words(before.on).includes(key));
      const minus = words(before.on).filter((key) => !words(on).includes(key));
      // Under KVM a model takes the host's vendor, so that says nothing of the model.
      const changed = Object.entries(values).filter(([key, value]) => key !== 'vendor' && before.values[key] !== value);
      return [
        name,
        [...plus.map((k) => `+${k}`), ...minus.map((k) => `-${k}`), ...changed.map((c) => c.join('='))].join(' '),
      ];
    }),
  );
}

/** Several models share each list of differences: list → models. */
function invert(lists) {
  const byList = {};
  for (const [name, list] of Object.entries(lists)) byList[list] = byList[list] ? `${byList[list]} ${name}` : name;
  return byList;
}

function kvmOpens() {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const tcg = await capture('tcg');
const kvm = kvmOpens() ? await capture('kvm') : undefined;
if (!kvm) console.error('no usable /dev/kvm: the differences under KVM are not captured');
const underKvm = kvm && invert(differences(tcg.models, kvm.models));
const common = factorOut(tcg.models);
const { models, ...head } = tcg;
const NOT_FLAGS =
  /^(check|enforce|kvm|pmu|lmce|x-.*|.*-cache|host-.*|full-cpuid-.*|fill-.*|tcg-.*|vmware-.*|cpuid-.*|kvm-no-.*|kvm-pv-enforce.*)$/;
const flags = head.properties
  .split(' ')
  .filter((name) => head.staticProperties.split(' ').includes(name) && !NOT_FLAGS.test(name));
// KVM's own features are not told under TCG; guest-cpuid.mjs sees them.
const bits = await captureBits(flags);
const output = process.argv[2] ?? OUTPUT;
writeFileSync(output, `${JSON.stringify({ ...head, common, bits, models, underKvm }, null, 1)}\n`);
console.error(`${Object.keys(models).length} models of QEMU ${tcg.version} → ${output}`);
