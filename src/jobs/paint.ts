import { durationText } from '../oscar/words';
import type { GanttBoxes } from './gantt';
import { DONE, FAILED, LOST, PART_STATES, RUNNING } from './table';
import type { ITimeWindow } from './viewport';
import { ticks } from './viewport';

/** Height of a lane and of the axis below the lanes, pixels. */
export const LANE = 18;
export const AXIS = 22;
/** Room for names of workers, pixels. */
export const GUTTER = 76;

/** Colours of a theme, as CSS knows them. */
export interface IGanttColours {
  states: string[];
  text: string;
  line: string;
  background: string;
  font: string;
}

/** Read the colours of the theme of now from an element of the view. */
export function coloursOf(node: Element): IGanttColours {
  const style = getComputedStyle(node);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  return {
    states: PART_STATES.map(state => value(`--jp-oscar-part-${state}`)),
    text: value('--jp-ui-font-color2'),
    line: value('--jp-border-color2'),
    background: value('--jp-layout-color1'),
    font: `11px ${value('--jp-ui-font-family') || 'sans-serif'}`
  };
}

export interface IPaintOptions {
  context: CanvasRenderingContext2D;
  /** Of the canvas, CSS pixels. */
  width: number;
  height: number;
  boxes: GanttBoxes;
  /** Names of the lanes that can be seen. */
  names: readonly string[];
  /** How far the first of them is above the top, pixels. */
  shift: number;
  window: ITimeWindow;
  colours: IGanttColours;
}

/** Paint a timeline: lanes with their parts, names at the left, time below. */
export function paint(options: IPaintOptions): void {
  const { context, width, height, boxes, names, shift, window, colours } = options;
  const bottom = height - AXIS;
  const plot = width - GUTTER;
  const scale = plot / Math.max(1e-9, window.to - window.from);
  context.clearRect(0, 0, width, height);
  context.font = colours.font;
  context.textBaseline = 'middle';

  context.save();
  context.beginPath();
  context.rect(GUTTER, 0, plot, bottom);
  context.clip();
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  const marks = ticks(window, Math.max(2, Math.floor(plot / 90)));
  for (const time of marks) {
    const x = Math.round(GUTTER + (time - window.from) * scale) + 0.5;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, bottom);
    context.stroke();
  }
  for (let box = 0; box < boxes.length; box++) {
    paintBox(context, boxes, box, colours, shift);
  }
  context.restore();

  context.fillStyle = colours.text;
  context.textAlign = 'left';
  context.save();
  context.beginPath();
  context.rect(0, 0, GUTTER - 6, bottom);
  context.clip();
  names.forEach((name, place) => context.fillText(name, 2, place * LANE - shift + LANE / 2));
  context.restore();

  context.strokeStyle = colours.line;
  context.beginPath();
  context.moveTo(GUTTER, bottom + 0.5);
  context.lineTo(width, bottom + 0.5);
  context.stroke();
  for (const time of marks) {
    const x = GUTTER + (time - window.from) * scale;
    context.textAlign = x < GUTTER + 16 ? 'left' : x > width - 24 ? 'right' : 'center';
    context.fillText(timeText(time, window), x, bottom + AXIS / 2 + 1);
  }
}

/** States are told apart by height and marks too, not by colour alone. */
function paintBox(
  context: CanvasRenderingContext2D,
  boxes: GanttBoxes,
  box: number,
  colours: IGanttColours,
  shift: number
): void {
  const state = boxes.state[box];
  const bad = state >= LOST;
  const inset = bad ? 1 : state === DONE || state === RUNNING ? 4 : 7;
  const top = boxes.lane[box] * LANE - shift + inset;
  const tall = LANE - 2 * inset;
  const x = GUTTER + boxes.x[box];
  const full = boxes.width[box];
  // A gap, so that neighbours can be told apart.
  const wide = full >= 4 ? full - 1 : full;
  context.globalAlpha = bad ? 1 : 0.35 + 0.65 * boxes.cover[box];
  context.fillStyle = colours.states[state];
  context.fillRect(x, top, wide, tall);
  context.globalAlpha = 1;
  if (state === RUNNING && wide > 3) {
    context.clearRect(x + 1, top + 1, wide - 2, tall - 2);
    context.globalAlpha = 0.4;
    context.fillRect(x + 1, top + 1, wide - 2, tall - 2);
    context.globalAlpha = 1;
  } else if (state === FAILED && wide >= 8) {
    context.strokeStyle = colours.background;
    context.lineWidth = 1.5;
    const middle = x + Math.min(wide, 16) / 2;
    context.beginPath();
    context.moveTo(middle - 3, top + tall / 2 - 3);
    context.lineTo(middle + 3, top + tall / 2 + 3);
    context.moveTo(middle + 3, top + tall / 2 - 3);
    context.lineTo(middle - 3, top + tall / 2 + 3);
    context.stroke();
  }
}

/** A time on the axis, as exact as the window is narrow. */
export function timeText(time: number, window: ITimeWindow): string {
  const span = window.to - window.from;
  if (span >= 20) {
    return time === 0 ? '0' : durationText(time);
  }
  return `${Number(time.toFixed(span < 0.02 ? 4 : span < 0.2 ? 3 : span < 2 ? 2 : 1))} s`;
}
