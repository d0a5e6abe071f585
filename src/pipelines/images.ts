import type { PipelineNodeState } from '../contract';

/** Pictures of the kinds of nodes: colours that read on light and on dark. */
export type NodeImage = 'notebook' | 'python' | 'r' | 'command' | 'service' | 'function';

const SHAPES: Record<NodeImage, string> = {
  notebook:
    '<path fill="#ef6c00" d="M4 2h9a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-1H2v-1.500h1V8.750H2v-1.500h1V5.500H2V4h1V3a1 1 0 0 1 1-1Z"/><path fill="#fff" d="M5.500 4.500h6v2h-6z"/>',
  python:
    '<path fill="#4b8bbe" d="M8 1.500c-3 0-2.800 1.300-2.800 1.300v1.700h2.900V5H3.900S2 4.800 2 8s1.700 3 1.700 3h1V9.500s-.1-1.700 1.600-1.700h2.900s1.600 0 1.600-1.500V3.200S11 1.500 8 1.500Z"/><path fill="#f0b429" d="M8 14.500c3 0 2.800-1.300 2.800-1.300v-1.700H7.900V11h4.200S14 11.200 14 8s-1.700-3-1.700-3h-1v1.500s.1 1.700-1.600 1.700H6.800s-1.600 0-1.600 1.500v3.100s-.2 1.700 2.800 1.700Z"/>',
  r: '<ellipse cx="8" cy="7" rx="6.500" ry="5" fill="none" stroke="#8a94a6" stroke-width="2"/><path fill="none" stroke="#3b82d6" stroke-width="2.200" d="M6.500 14V5.500h3.200a2 2 0 0 1 0 4.200H7m2.300 0L11.800 14"/>',
  command:
    '<rect x="1.500" y="2.500" width="13" height="11" rx="1.500" fill="#4f5b6b"/><path fill="none" stroke="#9be9a8" stroke-width="1.500" d="m4 5.500 2.500 2.500L4 10.500M8 11h4"/>',
  service:
    '<path fill="#0f9d8a" d="M8 1l6 3.500v7L8 15l-6-3.500v-7Z"/><path fill="none" stroke="#fff" stroke-width="1.400" d="M8 8v6.500M8 8 2.500 4.800M8 8l5.500-3.200"/>',
  function:
    '<rect x="1.500" y="1.500" width="13" height="13" rx="2" fill="#e07b1f"/><path fill="none" stroke="#fff" stroke-width="1.600" d="M5 4.500h1.500l4 7.500H12M7.800 7.300 5 12"/>'
};

const encoded = new Map<NodeImage, string>();

/** As a data URI. */
export function nodeImage(name: NodeImage): string {
  let image = encoded.get(name);
  if (image === undefined) {
    image = svgUri(SHAPES[name]);
    encoded.set(name, image);
  }
  return image;
}

export function kindImage(kind: string): string {
  return nodeImage(kind in SHAPES ? (kind as NodeImage) : 'command');
}

/** A badge on a node: colours alone would not do, so each has its shape. */
export function badgeImage(severity: 'error' | 'warning'): string {
  return severity === 'error'
    ? svgUri(
        '<circle cx="8" cy="8" r="7.500" fill="#d32f2f" stroke="#fff"/><path stroke="#fff" stroke-width="2" d="M8 3.800v5M8 10.500v2"/>'
      )
    : svgUri(
        '<path d="M8 .8 15.600 15H.4Z" fill="#f9a825" stroke="#fff"/><path stroke="#212121" stroke-width="1.800" d="M8 5.500v4.600M8 11.500v1.800"/>'
      );
}

const STATES: Record<PipelineNodeState, string> = {
  waiting:
    '<circle cx="8" cy="8" r="7" fill="#fff" stroke="#757575" stroke-width="1.5"/><path fill="none" stroke="#757575" stroke-width="1.5" d="M8 4v4l2.500 1.500"/>',
  running:
    '<circle cx="8" cy="8" r="7" fill="#1976d2" stroke="#fff"/><path fill="#fff" d="M6 4.500 11.500 8 6 11.500Z"/>',
  done: '<circle cx="8" cy="8" r="7" fill="#388e3c" stroke="#fff"/><path fill="none" stroke="#fff" stroke-width="2" d="m4.500 8.200 2.500 2.500 4.500-5"/>',
  failed:
    '<circle cx="8" cy="8" r="7" fill="#d32f2f" stroke="#fff"/><path stroke="#fff" stroke-width="2" d="m5.200 5.200 5.600 5.600M10.800 5.200l-5.600 5.600"/>',
  cancelled:
    '<circle cx="8" cy="8" r="7" fill="#757575" stroke="#fff"/><path stroke="#fff" stroke-width="2" d="M4.500 8h7"/>',
  skipped:
    '<circle cx="8" cy="8" r="7" fill="#fff" stroke="#757575" stroke-dasharray="2 2"/><path stroke="#757575" stroke-width="2" d="M4.500 8h7"/>'
};

/** How a node stands in a run. */
export function stateImage(state: PipelineNodeState): string {
  return svgUri(STATES[state]);
}

function svgUri(body: string): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16" height="16">${body}</svg>`;
  return `data:image/svg+xml;utf8,${encodeURIComponent(svg)}`;
}
