import { Button, Checkbox, Group, Menu, Modal, Text, Textarea, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconBookmark, IconChevronDown, IconDownload, IconTrash, IconUpload } from '@tabler/icons-react';
import { useState } from 'react';
import { confirm } from '../../actions/confirm.ts';
import { say } from '../../actions/say.ts';
import { call, failureOf } from '../../api/bridge.ts';
import { refreshTemplates } from '../../api/cpu-queries.ts';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { en } from '../../locales/en.ts';
import type { Pick } from './cpu-model.ts';

const words = en.cpu.template;

export interface TemplateMenuProps {
  cpu: string;
  /** The template the CPU is word for word, if it is one. */
  template: Pick | undefined;
  disabled: boolean;
  onPick(cpu: string): void;
}

/** Keeping a CPU under a name, and carrying it to another computer. */
export function TemplateMenu({ cpu, template, disabled, onPick }: TemplateMenuProps) {
  const [saving, setSaving] = useState(false);
  const importOne = async (): Promise<void> => {
    const imported = await call('cpu.importTemplate');
    if (imported === null) return;
    await refreshTemplates();
    say(words.saved(imported.name));
    if (imported.cpu !== undefined && !disabled) onPick(imported.cpu);
  };
  const exportOne = async (name: string): Promise<void> => {
    const path = await call('cpu.exportTemplate', { name });
    if (path !== null) say(words.exported(path));
  };
  const deleteOne = async (name: string): Promise<void> => {
    const question = {
      title: words.deleteTitle(name),
      text: words.deleteText,
      confirmLabel: words.deleteDo,
      danger: true,
    };
    if (!(await confirm(question))) return;
    await call('cpu.deleteTemplate', { name });
    await refreshTemplates();
  };
  return (
    <>
      <Menu position="bottom-end" width={260} transitionProps={{ duration: 0 }}>
        <Menu.Target>
          <Button size="xs" variant="default" rightSection={<IconChevronDown size={14} aria-hidden="true" />}>
            {words.menu}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconBookmark size={16} />} onClick={() => setSaving(true)}>
            {words.save}
          </Menu.Item>
          <Menu.Item leftSection={<IconDownload size={16} />} onClick={() => void tell(importOne())}>
            {words.import}
          </Menu.Item>
          {template !== undefined && (
            <>
              <Menu.Item leftSection={<IconUpload size={16} />} onClick={() => void tell(exportOne(template.name))}>
                {words.export(template.name)}
              </Menu.Item>
              <Menu.Item leftSection={<IconTrash size={16} />} onClick={() => void tell(deleteOne(template.name))}>
                {words.delete(template.name)}
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <SaveDialog key={String(saving)} opened={saving} cpu={cpu} onClose={() => setSaving(false)} />
    </>
  );
}

function SaveDialog({ opened, cpu, onClose }: { opened: boolean; cpu: string; onClose(): void }) {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [replace, setReplace] = useState(false);
  const [failure, setFailure] = useState<ReturnType<typeof failureOf> | undefined>(undefined);
  const taken = failure?.code === 'template-taken';
  const save = async (): Promise<void> => {
    try {
      const notes = description.trim() === '' ? {} : { description: description.trim() };
      await call('cpu.saveTemplate', { name: name.trim(), cpu, replace, ...notes });
      await refreshTemplates();
      say(words.saved(name.trim()));
      onClose();
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={<Text fw={650}>{words.saveTitle}</Text>}
      closeButtonProps={{ 'aria-label': en.confirm.cancel }}
      transitionProps={{ duration: 0 }}
      zIndex={300}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          // The dialog is drawn elsewhere, but React's events would reach the form it was opened from.
          event.stopPropagation();
          void save();
        }}
      >
        <Text size="sm" mb="sm">
          {words.saveText}
        </Text>
        {failure !== undefined && <FailureBanner title={words.failed} message={failure.message} hint={failure.hint} />}
        <TextInput
          mt="sm"
          label={words.name}
          value={name}
          data-autofocus
          maxLength={64}
          spellCheck={false}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Textarea
          mt="sm"
          label={words.description}
          value={description}
          autosize
          minRows={2}
          maxLength={2000}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        {taken && (
          <Checkbox
            mt="sm"
            label={words.replace}
            checked={replace}
            onChange={(event) => setReplace(event.currentTarget.checked)}
          />
        )}
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={onClose}>
            {en.confirm.cancel}
          </Button>
          <Button type="submit" disabled={name.trim() === ''}>
            {words.saveDo}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

/** What went wrong, said where other notices are. */
async function tell(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const { message, hint } = failureOf(error);
    notifications.show({
      title: words.failed,
      message: hint === undefined ? message : `${message} (${hint})`,
      color: 'red',
      autoClose: 12_000,
      closeButtonProps: { 'aria-label': en.detail.dismiss },
    });
  }
}
