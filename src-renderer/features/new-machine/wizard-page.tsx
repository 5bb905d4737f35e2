import { Button, Center, Loader, Stepper, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import type { HostOverview } from '../../../src-main/contract/host.ts';
import { startAction } from '../../actions/machine-actions.ts';
import { call, failureOf } from '../../api/bridge.ts';
import { reportTrouble } from '../../api/machine-failures.ts';
import { useMachineList } from '../../api/machine-list.ts';
import { hostOverviewQuery } from '../../api/queries.ts';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { Facts, Panel } from '../../components/panel.tsx';
import { en } from '../../locales/en.ts';
import { ProcessorFields } from '../cpu/processor-fields.tsx';
import { ChannelFields } from './channel-fields.tsx';
import { DiskFields } from './disk-fields.tsx';
import { isNew } from './disk-model.ts';
import { AcceleratorField, BootFields, MemoryField } from './machine-fields.tsx';
import {
  draftOf,
  type FieldErrors,
  fieldOfFailure,
  formErrors,
  type MachineForm,
  newForm,
  surroundingsOf,
  withBootKind,
} from './machine-form.ts';
import { NetworkFields } from './network-fields.tsx';
import { SeedFields } from './seed-fields.tsx';
import { ShareFields } from './share-fields.tsx';
import classes from './wizard.module.css';
import { firstBadStep, reviewLines, stepIsGood, stepOf, wizardSteps } from './wizard-model.ts';

export function WizardPage() {
  const host = useQuery(hostOverviewQuery);
  if (host.isPending)
    return (
      <Center h="100%">
        <Loader aria-label={en.wizard.title} />
      </Center>
    );
  if (host.isError) {
    const failure = failureOf(host.error);
    return (
      <div className={classes.page}>
        <FailureBanner title={en.host.failed} message={failure.message} hint={failure.hint}>
          <Button size="xs" variant="default" onClick={() => void host.refetch()}>
            {en.failure.retry}
          </Button>
        </FailureBanner>
      </div>
    );
  }
  return <Wizard host={host.data} />;
}

function Wizard({ host }: { host: HostOverview }) {
  const { machines } = useMachineList();
  const around = surroundingsOf(host, machines);
  const [query] = useSearchParams();
  const [form, setForm] = useState<MachineForm>(() => {
    const fresh = { ...newForm(host.guests, around.takenNames), cpu: query.get('cpu') ?? '' };
    return query.get('boot') === 'kernel' ? withBootKind(fresh, 'kernel', host.guests) : fresh;
  });
  const [step, setStep] = useState(query.has('guest') ? wizardSteps.length - 1 : 0);
  const [shown, setShown] = useState<FieldErrors>({});
  const creation = useCreation(form, (field, message) => {
    setShown({ [field]: message });
    setStep(wizardSteps.indexOf(stepOf(field)));
  });
  const errors = creation.creating ? {} : formErrors(form, around);
  const current = wizardSteps[step] ?? 'boot';

  const change = (next: MachineForm): void => {
    setForm(next);
    creation.forget();
    const wrong = formErrors(next, around);
    // A field complains once it was touched; an empty kernel path only after "Continue".
    setShown((before) => ({
      ...(wrong.name !== undefined && next.name !== form.name ? { name: wrong.name } : {}),
      ...Object.fromEntries(
        Object.keys(before).flatMap((key) => (key in wrong ? [[key, wrong[key as keyof FieldErrors]]] : [])),
      ),
      ...(wrong.memoryMiB === undefined ? {} : { memoryMiB: wrong.memoryMiB }),
      ...(wrong.cpus === undefined ? {} : { cpus: wrong.cpus }),
    }));
  };
  const go = (to: number): void => {
    if (to > step && !stepIsGood(current, errors)) setShown(errors);
    else setStep(to);
  };
  const create = (andStart: boolean): void => {
    const bad = firstBadStep(errors);
    if (bad === undefined) void creation.create(andStart);
    else {
      setShown(errors);
      setStep(wizardSteps.indexOf(bad));
    }
  };

  const fields = { form, errors: shown, onChange: change };
  return (
    <form
      className={classes.page}
      onSubmit={(event) => {
        event.preventDefault();
        if (current === 'review') create(true);
        else go(step + 1);
      }}
    >
      <header className={classes.head}>
        <h1>{en.wizard.title}</h1>
        <Stepper active={step} onStepClick={go} size="xs" iconSize={26} className={classes.stepper ?? ''}>
          {wizardSteps.map((name) => (
            <Stepper.Step key={name} label={en.wizard.steps[name]} />
          ))}
        </Stepper>
      </header>
      <div className={classes.body}>
        {creation.failure !== undefined && (
          <FailureBanner
            title={en.wizard.failed}
            message={creation.failure.message}
            hint={creation.failure.hint}
            onDismiss={creation.forget}
          />
        )}
        {current === 'boot' && (
          <>
            <TextInput
              label={en.wizard.name}
              description={en.wizard.nameHint}
              value={form.name}
              error={shown.name}
              data-autofocus
              maxLength={200}
              spellCheck={false}
              onChange={(event) => change({ ...form, name: event.currentTarget.value })}
            />
            <BootFields {...fields} />
          </>
        )}
        {current === 'hardware' && (
          <>
            <MemoryField {...fields} />
            <AcceleratorField {...fields} />
            <Panel title={en.cpu.title}>
              <ProcessorFields {...fields} />
            </Panel>
          </>
        )}
        {current === 'storage' && (
          <>
            <Panel title={en.disks.title}>
              <DiskFields {...fields} />
            </Panel>
            <Panel title={en.network.title}>
              <NetworkFields {...fields} />
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
          </>
        )}
        {current === 'review' && (
          <Panel title={en.wizard.review}>
            <Facts facts={reviewLines(form, host)} />
            <p className={classes.note}>{form.disks.some(isNew) ? en.wizard.storedDisks : en.wizard.stored}</p>
          </Panel>
        )}
      </div>
      <WizardFooter step={step} creating={creation.creating} onStep={go} onCreate={create} />
    </form>
  );
}

interface FooterProps {
  step: number;
  creating: boolean;
  onStep(step: number): void;
  onCreate(andStart: boolean): void;
}

function WizardFooter({ step, creating, onStep, onCreate }: FooterProps) {
  const navigate = useNavigate();
  const last = step === wizardSteps.length - 1;
  // Off the screen at once: another wizard, asked for before React gets to that, would be this one, with its form.
  const leave = (): void => void navigate('/machines', { flushSync: true });
  return (
    <footer className={classes.foot}>
      <Button variant="subtle" color="gray" onClick={leave}>
        {en.wizard.cancel}
      </Button>
      <span className={classes.fill} />
      {step > 0 && (
        <Button variant="default" onClick={() => onStep(step - 1)}>
          {en.wizard.back}
        </Button>
      )}
      {last ? (
        <>
          <Button variant="default" disabled={creating} onClick={() => onCreate(false)}>
            {en.wizard.create}
          </Button>
          <Button type="submit" loading={creating} data-autofocus>
            {en.wizard.createAndStart}
          </Button>
        </>
      ) : (
        <Button type="submit">{en.wizard.next}</Button>
      )}
    </footer>
  );
}

/** Creates the machine and leads to its page, or to the field that was refused. */
function useCreation(form: MachineForm, onRefused: (field: keyof MachineForm, message: string) => void) {
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const [failure, setFailure] = useState<ReturnType<typeof failureOf> | undefined>(undefined);
  const create = async (andStart: boolean): Promise<void> => {
    setCreating(true);
    setFailure(undefined);
    try {
      const { id } = await call('machine.create', draftOf(form));
      void navigate(`/machines/${id}${andStart ? '/console' : ''}`);
      if (andStart) await startNew(id);
    } catch (error) {
      const refused = failureOf(error);
      const field = fieldOfFailure(refused.code, refused.facts);
      if (field === undefined) setFailure(refused);
      else onRefused(field, refused.message);
    }
    setCreating(false);
  };
  return { creating, failure, create, forget: () => setFailure(undefined) };
}

/** A failed start belongs to the new machine's page, which is open by now. */
async function startNew(id: string): Promise<void> {
  await call('machine.start', { id }).catch((error) =>
    reportTrouble(id, { what: startAction.label, failure: failureOf(error) }),
  );
}
