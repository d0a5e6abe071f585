import type { PartTable } from './table';
import { FAILED, LOST } from './table';
import type { ITimeWindow } from './viewport';

const { floor, max, min } = Math;

/** Parts that are narrower share pixels, pixels. */
const NARROW = 2;
/** Steps of how full a pixel is. */
const LEVELS = 4;
/** Of sums of many narrow parts. */
const ROUNDING = 1e-3;

/** Boxes of one picture, in columns, of which the first `length` values count. Pixels from the left edge. */
export class GanttBoxes {
  length = 0;
  x = new Float32Array(1024);
  width = new Float32Array(1024);
  /** Place among the lanes that were asked for, from 0. */
  lane = new Uint16Array(1024);
  /** Index in `PART_STATES`. */
  state = new Uint8Array(1024);
  /** How much of the box is covered by parts, 0 to 1. */
  cover = new Float32Array(1024);

  push(x: number, width: number, lane: number, state: number, cover: number): void {
    const box = this.length++;
    if (box === this.x.length) {
      this._grow(box * 2);
    }
    this.x[box] = x;
    this.width[box] = width;
    this.lane[box] = lane;
    this.state[box] = state;
    this.cover[box] = cover;
  }

  private _grow(size: number): void {
    const { x, width, lane, state, cover } = this;
    (this.x = new Float32Array(size)).set(x);
    (this.width = new Float32Array(size)).set(width);
    (this.lane = new Uint16Array(size)).set(lane);
    (this.state = new Uint8Array(size)).set(state);
    (this.cover = new Float32Array(size)).set(cover);
  }
}

export interface IGanttOptions {
  table: PartTable;
  /** Lanes that can be seen, from top to bottom. */
  lanes: readonly number[];
  window: ITimeWindow;
  /** Of the picture, pixels. */
  width: number;
  /** Where parts that run end, seconds. */
  now: number;
}

/**
 * The boxes of a timeline. Parts out of the window are left out, and those that are too narrow to be seen are summed up in
 * pixels, so that there are never many more boxes than pixels.
 */
export function layoutGantt(options: IGanttOptions): GanttBoxes {
  const { table, lanes, window, now } = options;
  const width = max(1, floor(options.width));
  const scale = width / max(1e-9, window.to - window.from);
  const boxes = new GanttBoxes();
  const cover = new Float32Array(width);
  const heaviest = new Int8Array(width);
  const { start, end, state } = table;
  for (let place = 0; place < lanes.length; place++) {
    let shared = false;
    const rows = table.rowsOf(lanes[place]);
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index];
      const from = start[row];
      if (from > window.to) {
        break;
      }
      // The end of what runs is not a number, and not later than anything.
      const to = end[row] >= from ? end[row] : now;
      if (to < window.from) {
        continue;
      }
      const x0 = (from - window.from) * scale;
      const x1 = (to - window.from) * scale;
      if (x1 - x0 >= NARROW) {
        const left = max(-1, x0);
        boxes.push(left, min(width + 1, x1) - left, place, state[row], 1);
        continue;
      }
      const pixel = min(width - 1, max(0, floor(x0)));
      if (!shared) {
        cover.fill(0);
        heaviest.fill(-1);
        shared = true;
      }
      cover[pixel] += max(0.05, x1 - x0);
      heaviest[pixel] = max(heaviest[pixel], state[row]);
    }
    if (shared) {
      pushPixels(boxes, cover, heaviest, place);
    }
  }
  return boxes;
}

/** Neighbours that look the same become one box. */
function pushPixels(boxes: GanttBoxes, cover: Float32Array, heaviest: Int8Array, place: number): void {
  let begin = 0;
  let kind = -1;
  let level = 0;
  for (let pixel = 0; pixel <= cover.length; pixel++) {
    const nextKind = pixel < cover.length ? heaviest[pixel] : -1;
    // One failure among a thousand parts must be seen.
    const full = nextKind >= LOST ? 1 : Math.min(1, cover[pixel] ?? 0);
    const nextLevel = nextKind < 0 ? 0 : Math.max(1, Math.ceil(full * LEVELS - ROUNDING));
    if (nextKind !== kind || nextLevel !== level) {
      if (kind >= 0) {
        boxes.push(begin, pixel - begin, place, kind, level / LEVELS);
      }
      begin = pixel;
      kind = nextKind;
      level = nextLevel;
    }
  }
}

/**
 * The attempt at a place, or nothing.
 *
 * @param time - Seconds.
 * @param slack - Seconds beside it that count too: narrow parts must be hit.
 */
export function partAt(
  table: PartTable,
  lane: number,
  options: { time: number; slack: number; now: number }
): number | undefined {
  const { time, slack, now } = options;
  let best: number | undefined;
  let distance = Infinity;
  for (const row of table.rowsOf(lane)) {
    const from = table.start[row];
    if (from > time + slack) {
      break;
    }
    const to = Number.isNaN(table.end[row]) ? now : table.end[row];
    const away = time < from ? from - time : time > to ? time - to : 0;
    if (away <= slack && (away < distance || (away === distance && table.state[row] === FAILED))) {
      best = row;
      distance = away;
    }
  }
  return best;
}
