import { Button, Group, List, Modal, Text } from '@mantine/core';
import { useQuestion } from '../actions/confirm.ts';
import { en } from '../locales/en.ts';

/** Shows the open question, if any. */
export function ConfirmDialog() {
  const question = useQuestion();
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
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={() => question?.answer(false)}>
          {en.confirm.cancel}
        </Button>
        <Button {...(question?.danger ? { color: 'red.8' } : {})} data-autofocus onClick={() => question?.answer(true)}>
          {question?.confirmLabel}
        </Button>
      </Group>
    </Modal>
  );
}
