import type { AcceleratorVerdict } from '../../../src-main/contract/host.ts';
import type { AcceleratorChoice } from '../../../src-main/contract/machine.ts';
import { en } from '../../locales/en.ts';

/** What `auto` picks: KVM where it can really run guests, translating otherwise; undefined when neither can. */
export function automaticChoice(verdicts: readonly AcceleratorVerdict[]): 'kvm' | 'translated' | undefined {
  const usable = (name: string): boolean => verdicts.some(({ accelerator, usable }) => accelerator === name && usable);
  if (usable('kvm')) return 'kvm';
  return usable('translated') ? 'translated' : undefined;
}

/** One accelerator as a card to choose. */
export interface AcceleratorCard {
  value: AcceleratorChoice;
  title: string;
  text: string;
  usable: boolean;
  /** The host's verdict, in its own words. */
  verdict: string;
  hint?: string;
}

export function acceleratorCards(verdicts: readonly AcceleratorVerdict[]): AcceleratorCard[] {
  const choice = automaticChoice(verdicts);
  const automatic: AcceleratorCard = {
    value: 'auto',
    title: en.accelerator.auto,
    text: en.accelerator.autoText,
    usable: choice !== undefined,
    verdict: choice === undefined ? en.accelerator.picksNone : en.accelerator.picks(en.accelerator[choice]),
  };
  return [automatic, ...verdicts.map(cardOf)];
}

function cardOf(verdict: AcceleratorVerdict): AcceleratorCard {
  return {
    value: verdict.accelerator,
    title: en.accelerator[verdict.accelerator],
    text: verdict.accelerator === 'kvm' ? en.accelerator.kvmText : en.accelerator.translatedText,
    usable: verdict.usable,
    verdict: verdict.detail,
    ...(verdict.hint === undefined ? {} : { hint: verdict.hint }),
  };
}
