import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { SLOWNESS } from '../../support/slowness.ts';
import { pictures } from './app-under-test.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeViolation {
  id: string;
  impact: string | null;
  nodes: { html: string; failureSummary?: string }[];
}

/** Looks at screens in both schemes: keeps a picture of each, and what would bar people from using it. */
export class BarrierLog {
  readonly found: string[] = [];

  constructor(private readonly page: Page) {}

  async look(name: string): Promise<void> {
    await pictures(this.page, name, async (named) => {
      // The debugger's own evaluation is not bound by the page's policy; a script element would be refused, as it should.
      await this.page.evaluate(axe);
      let violations: string[];
      // What is fading in or out has whatever contrast the moment gives it.
      do {
        await expect.poll(() => this.stands(), { timeout: 10_000 * SLOWNESS }).toBe(true);
        violations = await this.violations();
      } while (!(await this.stands()));
      this.found.push(...violations.map((barrier) => `${named}: ${barrier}`));
    });
  }

  /** Whether nothing on the page is on its way to another look; what moves for ever does not count. */
  private stands(): Promise<boolean> {
    return this.page.evaluate(() =>
      document
        .getAnimations()
        .every(({ playState, effect }) => playState !== 'running' || effect?.getComputedTiming().endTime === Infinity),
    );
  }

  /** Serious and critical accessibility violations of the page as it is now. */
  private async violations(): Promise<string[]> {
    const found = await this.page.evaluate(async () => {
      const { axe } = window as unknown as { axe: { run(): Promise<{ violations: AxeViolation[] }> } };
      return (await axe.run()).violations;
    });
    return found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`,
      );
  }
}
