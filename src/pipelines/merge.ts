import type { IFlow, IFlowLink, IFlowNode, IFlowNodeData, IFlowPipeline, IFlowPort } from './flow';
import { allNodes, isObject, nodeLabel } from './flow';
import { sameJson } from './jsontext';

/** `op` of a palette entry for one service: `oscar-service:ocr`. Files hold only what is before the colon. */
const SERVICE_OP = 'oscar-service';

/**
 * What the canvas is given: a copy in which each service has an entry of its own in the palette, and without the badges that Elyra
 * leaves in files.
 */
export function toCanvas(flow: IFlow): IFlow {
  const copy = clone(withoutBadges(flow));
  for (const { node } of allNodes(copy)) {
    const service = node.app_data?.component_parameters?.service;
    if (node.op === SERVICE_OP && typeof service === 'string' && service !== '') {
      node.op = `${SERVICE_OP}:${service}`;
    }
  }
  for (const pipeline of copy.pipelines) {
    pipeline.app_data ??= {};
    pipeline.app_data.ui_data ??= { comments: [] };
  }
  copy.pipelines[0].app_data = {
    ...copy.pipelines[0].app_data,
    properties: copy.pipelines[0].app_data?.properties ?? {}
  };
  return copy;
}

/** Without the badges that Elyra leaves in files; the same object when there are none. */
export function withoutBadges(flow: IFlow): IFlow {
  const text = JSON.stringify(flow);
  if (!/"(decorations|invalidNodeError)"/.test(text)) {
    return flow;
  }
  const copy = JSON.parse(text) as IFlow;
  for (const { node } of allNodes(copy)) {
    delete node.app_data?.ui_data?.decorations;
    delete node.app_data?.invalidNodeError;
  }
  return copy;
}

/**
 * What belongs into the file after an edit: the flow of the file with what the user changed on the canvas, and nothing of what the
 * canvas, its forms or its checks add by themselves.
 */
export function fromCanvas(file: IFlow, canvas: IFlow): IFlow {
  const known = new Map<string, IFlowNode>();
  for (const { node } of allNodes(file)) {
    known.set(node.id, node);
  }
  const pipelines = canvas.pipelines.map(pipeline =>
    mergePipeline(
      file.pipelines.find(item => item.id === pipeline.id),
      pipeline,
      known
    )
  );
  return { ...file, pipelines: ordered(file.pipelines, pipelines) };
}

function mergePipeline(
  old: IFlowPipeline | undefined,
  next: IFlowPipeline,
  known: ReadonlyMap<string, IFlowNode>
): IFlowPipeline {
  const nodes = next.nodes.map(node => mergeNode(known.get(node.id), node));
  if (!old) {
    return { ...clone(next), nodes };
  }
  const result: IFlowPipeline = { ...old, nodes: ordered(old.nodes ?? [], nodes) };
  const comments = next.app_data?.ui_data?.comments ?? [];
  const before = old.app_data?.ui_data?.comments ?? [];
  const merged = comments.map(comment => {
    const same = before.find(item => item.id === comment.id);
    return same ? mergeKnown(same, comment) : (clean(clone(comment)) as typeof comment);
  });
  if (!sameJson(before, merged)) {
    const ui = { ...old.app_data?.ui_data, comments: ordered(before, merged) };
    result.app_data = { ...old.app_data, ui_data: ui };
  }
  const properties = next.app_data?.properties;
  if (properties) {
    const mergedProperties = mergeValues(old.app_data?.properties ?? {}, properties);
    if (!sameJson(old.app_data?.properties ?? {}, mergedProperties)) {
      result.app_data = { ...(result.app_data ?? old.app_data), properties: mergedProperties };
    }
  }
  return result;
}

function mergeNode(old: IFlowNode | undefined, canvas: IFlowNode): IFlowNode {
  const next: IFlowNode = { ...canvas };
  if (next.op?.startsWith(`${SERVICE_OP}:`)) {
    next.op = SERVICE_OP;
  }
  if (!old) {
    return newNode(next);
  }
  const result: IFlowNode = { ...old };
  const data = mergeData(old, next);
  if (!sameJson(old.app_data, data)) {
    result.app_data = data;
  }
  for (const side of ['inputs', 'outputs'] as const) {
    const ports = mergePorts(old[side], next[side]);
    if (!sameJson(old[side] ?? [], ports ?? [])) {
      result[side] = ports;
    }
  }
  if (next.subflow_ref && old.subflow_ref?.pipeline_id_ref !== next.subflow_ref.pipeline_id_ref) {
    result.subflow_ref = next.subflow_ref;
  }
  return result;
}

function mergeData(old: IFlowNode, next: IFlowNode): IFlowNodeData {
  const before = old.app_data ?? {};
  const after = next.app_data ?? {};
  const result: IFlowNodeData = { ...before };
  if ((after.label ?? '') !== (before.label ?? '')) {
    result.label = after.label ?? '';
  }
  if (after.component_parameters) {
    const values = mergeValues(before.component_parameters ?? {}, after.component_parameters);
    if (!sameJson(before.component_parameters ?? {}, values)) {
      result.component_parameters = values;
    }
  }
  const ui: Record<string, unknown> = { ...before.ui_data };
  delete ui.decorations;
  delete result.invalidNodeError;
  for (const key of ['x_pos', 'y_pos', 'expanded_width', 'expanded_height', 'is_expanded'] as const) {
    const value = after.ui_data?.[key];
    if (value !== undefined && value !== ui[key]) {
      ui[key] = value;
    }
  }
  if (nodeLabel(old) !== nodeLabel({ ...old, app_data: result })) {
    ui.label = nodeLabel({ ...old, app_data: result });
  } else if (old.type === 'super_node' && after.ui_data?.label) {
    ui.label = after.ui_data.label;
  }
  if (!sameJson(before.ui_data ?? {}, ui)) {
    result.ui_data = ui;
  }
  return result;
}

/** Forms fill in empty values for everything that they show: what was not there and is empty stays away. */
function mergeValues(before: Record<string, unknown>, after: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(before)) {
    const next = after[key];
    if (next === undefined || next === null) {
      if (isEmpty(value)) {
        result[key] = value;
      }
    } else if (isObject(value) && isObject(next)) {
      result[key] = mergeValues(value, next);
    } else {
      result[key] = sameJson(value, next) ? value : clean(next);
    }
  }
  for (const [key, value] of Object.entries(after)) {
    const cleaned = clean(value);
    if (!(key in before) && !isEmpty(cleaned)) {
      result[key] = cleaned;
    }
  }
  return result;
}

function mergePorts(old: IFlowPort[] | undefined, next: IFlowPort[] | undefined): IFlowPort[] | undefined {
  if (!next) {
    return old;
  }
  return next.map(port => {
    const before = old?.find(item => item.id === port.id);
    if (!before) {
      return { ...clone(port), ...(port.links ? { links: port.links.map(shortLink) } : {}) };
    }
    const links = (port.links ?? []).map(link => {
      const same = before.links?.find(item => item.id !== undefined && item.id === link.id) ?? sameEnds(before, link);
      return same &&
        same.node_id_ref === link.node_id_ref &&
        (same.port_id_ref === undefined || same.port_id_ref === link.port_id_ref)
        ? same
        : { ...same, ...shortLink(link) };
    });
    if (sameJson(before.links ?? [], links)) {
      return before;
    }
    const { links: _, ...rest } = before;
    return links.length > 0 ? { ...before, links } : rest;
  });
}

function sameEnds(port: IFlowPort, link: IFlowLink): IFlowLink | undefined {
  return port.links?.find(
    item => item.id === undefined && item.node_id_ref === link.node_id_ref && item.port_id_ref === link.port_id_ref
  );
}

function shortLink(link: IFlowLink): IFlowLink {
  return { id: link.id, node_id_ref: link.node_id_ref, port_id_ref: link.port_id_ref };
}

function mergeKnown<T extends Record<string, unknown>>(before: T, after: T): T {
  const result: Record<string, unknown> = { ...before };
  for (const key of ['content', 'x_pos', 'y_pos', 'width', 'height', 'associated_id_refs']) {
    if (after[key] !== undefined && !sameJson(before[key], after[key])) {
      result[key] = key === 'associated_id_refs' ? mergeRefs(before[key], after[key]) : after[key];
    }
  }
  return result as T;
}

function mergeRefs(before: unknown, after: unknown): unknown {
  const old = Array.isArray(before) ? (before as Record<string, unknown>[]) : [];
  return (after as Record<string, unknown>[]).map(ref => {
    const same = old.find(item => item.node_ref === ref.node_ref);
    return same ?? { id: ref.id, node_ref: ref.node_ref };
  });
}

/** A node as Elyra writes one. The canvas tells of it before it has a label. */
function newNode(canvas: IFlowNode): IFlowNode {
  const node = clone(canvas);
  const data: IFlowNodeData = node.app_data ?? {};
  delete data.invalidNodeError;
  const ui = { ...data.ui_data };
  delete ui.decorations;
  if (node.type === 'execution_node') {
    ui.label = nodeLabel(node);
    data.label ??= '';
    data.component_parameters = dropUnset(data.component_parameters ?? {});
  }
  node.app_data = { ...data, ui_data: ui };
  for (const port of node.inputs ?? []) {
    if (port.links) {
      port.links = port.links.map(shortLink);
    }
  }
  return node;
}

function dropUnset(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null));
}

/** In the order of the file, with what is new at the end. */
function ordered<T extends { id: string }>(before: readonly T[], after: T[]): T[] {
  const place = new Map(before.map((item, index) => [item.id, index]));
  return [...after].sort((a, b) => (place.get(a.id) ?? Infinity) - (place.get(b.id) ?? Infinity) || 0);
}

/** Without what is not set, and without rows of forms that nobody filled in. */
function clean(value: unknown): unknown {
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, item]) => [key, clean(item)] as const)
        .filter(([, item]) => item !== undefined && item !== null)
    );
  }
  return Array.isArray(value) ? value.map(clean).filter(item => item === false || !isEmpty(item)) : value;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) {
    return true;
  }
  if (Array.isArray(value)) {
    return value.length === 0;
  }
  return isObject(value) && Object.values(value).every(isEmpty);
}

function clone<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
