import { Button, Loader, Skeleton, Switch, Tabs } from '@mantine/core';
import { IconEyeOff, IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { CpuSheet } from '../../../src-main/contract/cpu.ts';
import { failureOf } from '../../api/bridge.ts';
import { cpuCatalogueQuery, cpuSheetQuery, cpuTemplatesQuery } from '../../api/cpu-queries.ts';
import { hostOverviewQuery } from '../../api/queries.ts';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { en } from '../../locales/en.ts';
import { ChangeList } from './change-list.tsx';
import { ComparePanel } from './compare-panel.tsx';
import classes from './cpu.module.css';
import { levelName, type Pick, pickedOf, picksOf, vendorName } from './cpu-model.ts';
import { readCpuText, withFlag, withMitigations, withModel, withoutFlag } from './cpu-text.ts';
import { FeatureTable } from './feature-table.tsx';
import { ModelList } from './model-list.tsx';
import { TemplateMenu } from './template-menu.tsx';

export interface CpuWorkbenchProps {
  /** `MODEL[,+flag,-flag]`. */
  cpu: string;
  disabled?: boolean;
  onChange(cpu: string): void;
  /** More to do with the CPU, beside the templates. */
  children?: React.ReactNode;
}

/** Choosing a CPU, looking into it and changing it: the same wherever a CPU is chosen. */
export function CpuWorkbench({ cpu, disabled = false, onChange, children }: CpuWorkbenchProps) {
  const catalogue = useQuery(cpuCatalogueQuery);
  const templates = useQuery(cpuTemplatesQuery);
  const picks = useMemo(
    () => (catalogue.data === undefined ? [] : picksOf(catalogue.data, templates.data ?? [])),
    [catalogue.data, templates.data],
  );
  if (catalogue.isPending) return <Loader m="md" size="sm" aria-label={en.cpu.title} />;
  if (catalogue.isError) {
    const { message, hint } = failureOf(catalogue.error);
    return (
      <FailureBanner title={en.cpu.picker.failed} message={message} hint={hint}>
        <Button size="xs" variant="default" onClick={() => void catalogue.refetch()}>
          {en.failure.retry}
        </Button>
      </FailureBanner>
    );
  }
  const picked = pickedOf(cpu, picks);
  const pick = (next: string): void => {
    const isTemplate = picks.some(({ kind, cpu }) => kind === 'template' && cpu === next);
    onChange(isTemplate ? next : withModel(cpu, next));
  };
  return (
    <div className={classes.workbench}>
      <ModelList picks={picks} cpu={cpu} hostKnown={catalogue.data.host !== null} disabled={disabled} onPick={pick} />
      <div className={classes.detail}>
        {(templates.data ?? []).map(({ name, broken }) =>
          broken === undefined ? null : (
            <FailureBanner key={name} title={en.cpu.template.broken(name)} message={broken} />
          ),
        )}
        <Detail cpu={cpu} picks={picks} disabled={disabled} onChange={onChange}>
          {children}
          <TemplateMenu
            cpu={cpu}
            template={picked?.kind === 'template' ? picked : undefined}
            disabled={disabled}
            onPick={pick}
          />
        </Detail>
      </div>
    </div>
  );
}

const none: CpuSheet['changes'] = [];

interface DetailProps extends Required<CpuWorkbenchProps> {
  picks: readonly Pick[];
}

function Detail({ cpu, picks, disabled, onChange, children }: DetailProps) {
  const { data: sheet, error, isError, isPlaceholderData } = useQuery(cpuSheetQuery(cpu));
  if (isError) {
    const { message, hint } = failureOf(error);
    return (
      <>
        <header className={classes.detailHead}>
          <h2>{readCpuText(cpu).model}</h2>
          <div className={classes.tools}>{children}</div>
        </header>
        <FailureBanner title={en.cpu.sheet.failed} message={message} hint={hint} />
        <HostNote />
      </>
    );
  }
  if (sheet === undefined) return <Skeleton h={320} />;
  return (
    <>
      <SheetHead sheet={sheet}>{children}</SheetHead>
      <HostNote />
      <ChangeList
        changes={isPlaceholderData ? none : sheet.changes}
        disabled={disabled}
        onUndo={(feature) => onChange(withoutFlag(cpu, feature))}
        onUndoAll={() => onChange([...readCpuText(cpu).flags.keys()].reduce(withoutFlag, cpu))}
      />
      <Switch
        size="sm"
        label={en.cpu.sheet.mitigationsOn}
        description={en.cpu.sheet.mitigationsText(sheet.preset.length, sheet.preset.join(', '))}
        checked={readCpuText(cpu).mitigations}
        disabled={disabled}
        onChange={(event) => onChange(withMitigations(cpu, event.currentTarget.checked))}
      />
      <Tabs defaultValue="features" keepMounted={false} classNames={{ panel: classes.tabPanel ?? '' }}>
        <Tabs.List>
          <Tabs.Tab value="features">{en.cpu.sheet.features}</Tabs.Tab>
          <Tabs.Tab value="compare">{en.cpu.sheet.compare}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="features">
          <p className={classes.boundary}>
            <IconEyeOff size={17} aria-hidden="true" />
            {en.cpu.sheet.boundary}
          </p>
          <FeatureTable
            groups={sheet.groups}
            changes={isPlaceholderData ? none : sheet.changes}
            disabled={disabled}
            onToggle={({ name, byModel }, on) => onChange(withFlag(cpu, name, on, byModel))}
          />
        </Tabs.Panel>
        <Tabs.Panel value="compare">
          <ComparePanel cpu={cpu} picks={picks} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function SheetHead({ sheet, children }: { sheet: CpuSheet; children: React.ReactNode }) {
  const { name, description, vendor, family, model, stepping, year, source, level, levelHere, missing } = sheet;
  const words = en.cpu.sheet;
  return (
    <header className={classes.detailHead}>
      <div>
        <h2 className="selectable">{name}</h2>
        {description !== '' && <p>{description}</p>}
        <p>
          {[words.signature(vendorName(vendor), family, model, stepping), year, words.source(source)]
            .filter((part) => part !== null)
            .join(' · ')}
        </p>
        <p className={classes.badges}>
          <span className={classes.level}>{levelName(level)}</span>
          {levelHere !== null && levelHere !== level && (
            <span className={classes.fit} data-fit="lacks">
              {words.levelHere(levelName(levelHere))}
            </span>
          )}
          {missing.length > 0 && (
            <span className={classes.fit} data-fit="lacks">
              {words.missing(missing.length)}
            </span>
          )}
          {sheet.runnable && (
            <span className={classes.fit} data-fit="runs">
              {en.cpu.fit.runs}
            </span>
          )}
        </p>
      </div>
      <div className={classes.tools}>{children}</div>
    </header>
  );
}

/** What this computer can say of CPUs, in its own words, where that is not everything. */
function HostNote() {
  const catalogue = useQuery(cpuCatalogueQuery).data;
  const verdicts = useQuery(hostOverviewQuery).data?.accelerators ?? [];
  const kvm = verdicts.find(({ accelerator }) => accelerator === 'kvm');
  if (catalogue === undefined || catalogue.host?.hardwareVirtualization) return null;
  const why = (kvm?.detail ?? catalogue.reason ?? '').replace(/\.$/, '');
  const what = catalogue.host === null ? en.cpu.sheet.unknownHost(why) : en.cpu.sheet.emulatedHost;
  return (
    <p className={classes.note}>
      <IconInfoCircle size={17} aria-hidden="true" />
      <span>{what}</span>
    </p>
  );
}
