import { Alert, Button, Group, Loader, Textarea, TextInput } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { MachineDraft, MachineSummary } from '../../../src-main/contract/machine.ts';
import { say } from '../../actions/say.ts';
import { call, failureOf } from '../../api/bridge.ts';
import { useMachineList } from '../../api/machine-list.ts';
import { hostOverviewQuery, machineQuery, queries } from '../../api/queries.ts';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { Panel } from '../../components/panel.tsx';
import { en } from '../../locales/en.ts';
import { ProcessorFields } from '../cpu/processor-fields.tsx';
import { ChannelFields } from '../new-machine/channel-fields.tsx';
import { DiskFields } from '../new-machine/disk-fields.tsx';
import { AcceleratorField, BootFields, MemoryField } from '../new-machine/machine-fields.tsx';
import {
  fieldOfFailure,
  formErrors,
  formOf,
  type MachineForm,
  patchOf,
  surroundingsOf,
} from '../new-machine/machine-form.ts';
import { NetworkFields } from '../new-machine/network-fields.tsx';
import { forwardsOf, onlyForwardsDiffer } from '../new-machine/network-model.ts';
import { SeedFields } from '../new-machine/seed-fields.tsx';
import { ShareFields } from '../new-machine/share-fields.tsx';
import classes from './machine.module.css';

export function SettingsTab({ machine }: { machine: MachineSummary }) {
  const { data } = useQuery(machineQuery(machine.id));
  if (data?.config === undefined) return <Loader size="sm" m="md" aria-label={en.detail.tabs.settings} />;
  return <SettingsForm key={JSON.stringify(data.config)} machine={machine} config={data.config} />;
}

function SettingsForm({ machine, config }: { machine: MachineSummary; config: MachineDraft }) {
  const stored = formOf(config);
  const [form, setForm] = useState(stored);
  const [refused, setRefused] = useState<ReturnType<typeof failureOf> | undefined>(undefined);
  const [saving, setSaving] = useState(false);
  const host = useQuery(hostOverviewQuery).data;
  const { machines } = useMachineList();
  const locked = machine.state !== 'stopped' && machine.state !== 'crashed';
  const refusedField = refused === undefined ? undefined : fieldOfFailure(refused.code, refused.facts);
  const errors = {
    ...formErrors(form, surroundingsOf(host, machines, machine.id)),
    ...(refused === undefined || refusedField === undefined ? {} : { [refusedField]: refused.message }),
  };
  const changed = JSON.stringify(form) !== JSON.stringify(stored);
  const running = machine.state === 'running' || machine.state === 'paused';
  const change = (next: MachineForm): void => {
    setRefused(undefined);
    setForm(next);
  };
  const save = async (): Promise<void> => {
    setSaving(true);
    try {
      if (locked) await saveRunning(machine.id, form, stored);
      else await call('machine.update', { id: machine.id, patch: patchOf(form) });
      await queries.invalidateQueries({ queryKey: ['machine', machine.id] });
      say(en.settings.saved, 2500);
    } catch (error) {
      setRefused(failureOf(error));
    }
    setSaving(false);
  };
  const fields = { form, errors, disabled: locked, onChange: change };
  return (
    <form
      className={classes.settings}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {locked && (
        <Alert variant="light" icon={<IconLock size={18} />} className={classes.locked ?? ''}>
          {en.settings.locked}
        </Alert>
      )}
      {refused !== undefined && refusedField === undefined && (
        <FailureBanner title={en.settings.failed} message={refused.message} hint={refused.hint} />
      )}
      <Panel title={en.settings.general}>
        <div className={classes.fields}>
          <TextInput
            label={en.settings.name}
            value={form.name}
            error={errors.name}
            disabled={locked}
            spellCheck={false}
            onChange={(event) => change({ ...form, name: event.currentTarget.value })}
          />
          <Textarea
            label={en.settings.description}
            placeholder={en.settings.descriptionHint}
            value={form.description}
            disabled={locked}
            maxLength={2000}
            autosize
            minRows={2}
            onChange={(event) => change({ ...form, description: event.currentTarget.value })}
          />
        </div>
      </Panel>
      <Panel title={en.settings.hardware}>
        <div className={classes.fields}>
          <MemoryField {...fields} />
          <AcceleratorField {...fields} />
        </div>
      </Panel>
      <Panel title={en.cpu.title}>
        <ProcessorFields {...fields} />
      </Panel>
      <Panel title={en.disks.title}>
        <DiskFields {...fields} running={running && stored.cdrom !== ''} />
      </Panel>
      <Panel title={en.network.title}>
        <NetworkFields {...fields} running={running && onlyForwardsDiffer(form.network, stored.network)} />
      </Panel>
      <Panel title={en.shares.title}>
        <ShareFields {...fields} />
      </Panel>
      <Panel title={en.channels.title}>
        <ChannelFields {...fields} />
      </Panel>
      <Panel title={en.seed.title}>
        <SeedFields {...fields} />
      </Panel>
      <Panel title={en.settings.boot}>
        <div className={classes.fields}>
          <BootFields {...fields} />
        </div>
      </Panel>
      {changed && (!locked || running) && (
        <Group className={classes.saveBar ?? ''} justify="flex-end">
          <Button variant="default" onClick={() => change(stored)}>
            {en.settings.discard}
          </Button>
          <Button type="submit" loading={saving} disabled={Object.keys(errors).length > 0}>
            {en.settings.save}
          </Button>
        </Group>
      )}
    </form>
  );
}

/** Of a machine that runs, what is in its CD drive and its forwards can be changed. */
async function saveRunning(id: string, form: MachineForm, stored: MachineForm): Promise<void> {
  if (form.cdrom !== '' && form.cdrom !== stored.cdrom) {
    await call('machine.changeMedium', { id, medium: form.cdrom });
  }
  if (JSON.stringify(form.network) !== JSON.stringify(stored.network)) {
    await call('machine.setForwards', { id, forwards: forwardsOf(form.network) });
  }
}
