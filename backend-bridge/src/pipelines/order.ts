/** Orders of a graph of nodes. Everything is linear in nodes and links but for the logarithm of the queue. */

export interface IGraph {
  ids: readonly string[];
  edges: readonly { from: string; to: string }[];
}

export interface IOrder {
  /** Parents before children; where that leaves a choice as in `ids`; nodes on or behind cycles last. */
  order: string[];
  /** Nodes of each cycle (strongly connected parts of two or more nodes, or one that links to itself), in the order of `ids`. */
  cycles: string[][];
}

export function orderOf({ ids, edges }: IGraph): IOrder {
  const index = new Map(ids.map((id, at) => [id, at]));
  const children: number[][] = ids.map(() => []);
  const waiting = new Int32Array(ids.length);
  for (const { from, to } of edges) {
    const a = index.get(from);
    const b = index.get(to);
    if (a !== undefined && b !== undefined) {
      children[a].push(b);
      waiting[b]++;
    }
  }
  const heap = new Heap();
  waiting.forEach((count, at) => {
    if (count === 0) {
      heap.push(at);
    }
  });
  const order: string[] = [];
  const done = new Uint8Array(ids.length);
  for (let at = heap.pop(); at !== undefined; at = heap.pop()) {
    order.push(ids[at]);
    done[at] = 1;
    for (const child of children[at]) {
      if (--waiting[child] === 0) {
        heap.push(child);
      }
    }
  }
  if (order.length === ids.length) {
    return { order, cycles: [] };
  }
  const cycles = components(children, done).map(part => part.sort((a, b) => a - b).map(at => ids[at]));
  return { order: [...order, ...ids.filter((_, at) => done[at] === 0)], cycles };
}

/** Tarjan's strongly connected components of what is not done, without recursion; only those that are cycles. */
function components(children: readonly number[][], done: Uint8Array): number[][] {
  const size = children.length;
  const number = new Int32Array(size);
  const low = new Int32Array(size);
  const next = new Int32Array(size);
  const onStack = new Uint8Array(size);
  const stack: number[] = [];
  const found: number[][] = [];
  let counter = 0;
  for (let root = 0; root < size; root++) {
    if (done[root] || number[root]) {
      continue;
    }
    const path = [root];
    number[root] = low[root] = ++counter;
    stack.push(root);
    onStack[root] = 1;
    while (path.length > 0) {
      const at = path[path.length - 1];
      if (next[at] < children[at].length) {
        const child = children[at][next[at]++];
        if (done[child]) {
          continue;
        }
        if (!number[child]) {
          number[child] = low[child] = ++counter;
          stack.push(child);
          onStack[child] = 1;
          path.push(child);
        } else if (onStack[child]) {
          low[at] = Math.min(low[at], number[child]);
        }
        continue;
      }
      path.pop();
      if (path.length > 0) {
        const parent = path[path.length - 1];
        low[parent] = Math.min(low[parent], low[at]);
      }
      if (low[at] === number[at]) {
        const part: number[] = [];
        for (let member = -1; member !== at;) {
          member = stack.pop() as number;
          onStack[member] = 0;
          part.push(member);
        }
        if (part.length > 1 || children[at].includes(at)) {
          found.push(part);
        }
      }
    }
  }
  return found.sort((a, b) => Math.min(...a) - Math.min(...b));
}

/** Smallest number first. */
class Heap {
  push(value: number): void {
    const items = this._items;
    let at = items.push(value) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent] <= value) {
        break;
      }
      items[at] = items[parent];
      at = parent;
    }
    items[at] = value;
  }

  pop(): number | undefined {
    const items = this._items;
    const top = items[0];
    const last = items.pop();
    if (last !== undefined && items.length > 0) {
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= items.length) {
          break;
        }
        if (child + 1 < items.length && items[child + 1] < items[child]) {
          child++;
        }
        if (items[child] >= last) {
          break;
        }
        items[at] = items[child];
        at = child;
      }
      items[at] = last;
    }
    return top;
  }

  private readonly _items: number[] = [];
}
