import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import classes from './machine.module.css';
import { windowSeconds } from './stats-model.ts';

export interface LiveGraphProps {
  title: string;
  /** The latest value, as text. */
  value: string;
  /** A colour of styles/global.css. */
  color: string;
  columns: [seconds: number[], values: number[]];
  /** The least upper end of the scale. */
  atLeast: number;
  tick(value: number): string;
}

const height = 104;

/** One measure over the last minute and a half. The canvas is decoration; the value is said in words above it. */
export function LiveGraph({ title, value, color, columns, atLeast, tick }: LiveGraphProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const scheme = useComputedColorScheme();
  const latest = useRef({ columns, tick });
  latest.current = { columns, tick };

  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of scheme changes what the colour variables mean
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const drawn = new uPlot(
      plotOptions(element, color, atLeast, (v) => latest.current.tick(v)),
      latest.current.columns,
      element,
    );
    plot.current = drawn;
    const resized = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      drawn.destroy();
      plot.current = undefined;
    };
  }, [color, atLeast, scheme]);

  useEffect(() => plot.current?.setData(columns), [columns]);

  return (
    <figure className={classes.graph}>
      <figcaption>
        <span>{title}</span>
        <strong>{value}</strong>
      </figcaption>
      <div ref={box} className={classes.canvas} aria-hidden="true" />
    </figure>
  );
}

function plotOptions(
  element: HTMLElement,
  color: string,
  atLeast: number,
  tick: (value: number) => string,
): uPlot.Options {
  const style = getComputedStyle(element);
  const stroke = style.getPropertyValue(color).trim();
  const line = style.getPropertyValue('--line').trim();
  const ink = style.getPropertyValue('--ink-soft').trim();
  return {
    width: element.clientWidth,
    height,
    padding: [8, 4, 8, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: () => [-windowSeconds, 0] },
      y: { range: (_plot, _min, max) => [0, Math.max(atLeast, (max ?? 0) * 1.15)] },
    },
    axes: [
      { show: false },
      {
        stroke: ink,
        size: 52,
        font: `11px ${style.fontFamily}`,
        grid: { stroke: line, width: 1 },
        ticks: { show: false },
        splits: (_plot, _axis, min, max) => [min, max / 2, max],
        values: (_plot, splits) => splits.map(tick),
      },
    ],
    series: [{}, { stroke, width: 1.75, fill: `${stroke}22`, points: { show: false } }],
  };
}
