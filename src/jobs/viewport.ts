/** What is seen of an axis of time, seconds since the job was made. */
export interface ITimeWindow {
  from: number;
  to: number;
}

/** Nobody looks closer than that, seconds. */
const CLOSEST = 0.001;

/** Make the window `factor` times as wide around a time; within `extent`. */
export function zoomed(window: ITimeWindow, extent: ITimeWindow, factor: number, around: number): ITimeWindow {
  const span = Math.max(CLOSEST, Math.min(extent.to - extent.from, (window.to - window.from) * factor));
  const share = (around - window.from) / (window.to - window.from || 1);
  const from = around - share * span;
  return within({ from, to: from + span }, extent);
}

/** Move the window by a share of its width. */
export function panned(window: ITimeWindow, extent: ITimeWindow, share: number): ITimeWindow {
  const all = extent.to - extent.from;
  const by = Math.max(-all, Math.min(all, (window.to - window.from) * share));
  return within({ from: window.from + by, to: window.to + by }, extent);
}

/** The window where it fits, as wide as it was when there is room. */
export function within(window: ITimeWindow, extent: ITimeWindow): ITimeWindow {
  const span = Math.min(window.to - window.from, extent.to - extent.from);
  const from = Math.min(Math.max(window.from, extent.from), extent.to - span);
  return { from, to: from + span };
}

/** Round values in a range, about `wanted` of them. */
export function ticks(range: ITimeWindow, wanted: number): number[] {
  const span = range.to - range.from;
  if (!(span > 0) || wanted < 1) {
    return [];
  }
  const raw = span / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find(each => each * power >= raw) ?? 10) * power;
  const found: number[] = [];
  for (let index = Math.ceil(range.from / step - 1e-9); index * step <= range.to + step * 1e-9; index++) {
    // Sums of small steps are not round any more.
    found.push(Number((index * step).toPrecision(12)));
  }
  return found;
}
