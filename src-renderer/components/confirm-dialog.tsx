import { Button, Group, List, Modal, Text, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useQuestion } from '../actions/confirm.ts';
import { en } from '../locales/en.ts';

/** Shows the open question, if any. */
export function ConfirmDialog() {
  const question = useQuestion();
  const [typed, setTyped] = useState('');
  const field = question?.field;
  // biome-ignore lint/correctness/useExhaustiveDependencies: every question begins with an empty field
  useEffect(() => setTyped(''), [question]);
  const answer = (event: React.FormEvent): void => {
    event.preventDefault();
    question?.answer(true, typed.trim());
  };
  return (
    <Modal
      opened={question !== undefined}
      onClose={() => question?.answer(false)}
      title={<Text fw={650}>{question?.title}</Text>}
      closeButtonProps={{ 'aria-label': en.confirm.cancel }}
      transitionProps={{ duration: 0 }}
    >
      <Text size="sm">{question?.text}</Text>
      {question?.items !== undefined && (
        <List size="sm" mt="xs" spacing={2} className="selectable">
          {question.items.map((item) => (
            <List.Item key={item} style={{ overflowWrap: 'anywhere' }}>
              {item}
            </List.Item>
          ))}
        </List>
      )}
      {question?.note !== undefined && (
        <Text size="sm" c="dimmed" mt="sm">
          {question.note}
        </Text>
      )}
      <form onSubmit={answer}>
        {field !== undefined && (
          <TextInput
            mt="sm"
            data-autofocus
            label={field.label}
            placeholder={field.placeholder}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
        )}
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={() => question?.answer(false)}>
            {en.confirm.cancel}
          </Button>
          <Button
            type="submit"
            {...(question?.danger ? { color: 'red.8' } : {})}
            data-autofocus={field === undefined || undefined}
            disabled={field !== undefined && typed.trim() === ''}
          >
            {question?.confirmLabel}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
