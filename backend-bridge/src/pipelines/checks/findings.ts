import type { PipelineProblem } from '../../contract';
import type { IPipeline, IPipelineNode } from '../model';
import { originOf, placed, sorted, type IFinding } from '../report';

type Severity = PipelineProblem['severity'];

/** Collects what is wrong, and gives it its place. */
export class Findings {
  constructor(private readonly _pipeline: IPipeline) {
    this._origin = originOf(_pipeline);
  }

  /** About a node; `property` is the name in the file. */
  node(node: IPipelineNode, code: string, message: string, property?: string, severity: Severity = 'error'): void {
    this._add({
      code,
      severity,
      message,
      node: node.id,
      label: node.label,
      at: this._origin?.nodes.get(node.id),
      ...(property === undefined ? {} : { property })
    });
  }

  /** About a link into a node. */
  link(
    node: IPipelineNode,
    link: string | undefined,
    code: string,
    message: string,
    severity: Severity = 'error'
  ): void {
    this._add({
      code,
      severity,
      message,
      node: node.id,
      label: node.label,
      at: this._origin?.nodes.get(node.id),
      ...(link === undefined ? {} : { link })
    });
  }

  /** About the pipeline. */
  pipeline(code: string, message: string, property?: string, severity: Severity = 'error', index?: number): void {
    const at = this._origin?.properties;
    this._add({
      code,
      severity,
      message,
      at: at && index !== undefined && property !== undefined ? [...at, property, index] : at,
      ...(property === undefined ? {} : { property })
    });
  }

  problems(): PipelineProblem[] {
    return sorted(this._problems);
  }

  private _add(finding: IFinding): void {
    this._problems.push(placed(finding, this._pipeline.file, this._origin?.places));
  }

  private readonly _origin;
  private readonly _problems: PipelineProblem[] = [];
}
