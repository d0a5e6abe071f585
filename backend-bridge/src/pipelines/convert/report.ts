import type { PipelineProblem, PipelineReport, PipelineReportItem, PipelineTarget } from '../../contract';
import type { IPipeline, IPipelineNode } from '../model';
import { originOf, placed } from '../report';

/** Gathers what became of each node. */
export class Reporter {
  constructor(private readonly _pipeline: IPipeline) {}

  mapped(node: IPipelineNode, property: string, reason?: string): void {
    this._add(node, { outcome: 'mapped', property, ...(reason === undefined ? {} : { reason }) });
  }

  approximated(node: IPipelineNode, property: string | undefined, reason: string): void {
    this._add(node, { outcome: 'approximated', ...(property === undefined ? {} : { property }), reason });
  }

  ignored(node: IPipelineNode, property: string, reason: string): void {
    this._add(node, { outcome: 'ignored', property, reason });
  }

  /** Stands in the way of the whole conversion. */
  refused(node: IPipelineNode, code: string, reason: string, property?: string): void {
    this._add(node, { outcome: 'refused', ...(property === undefined ? {} : { property }), reason });
    this.problem('error', code, `“${node.label}”: ${reason}`, { node, property });
  }

  problem(
    severity: PipelineProblem['severity'],
    code: string,
    message: string,
    at: { node?: IPipelineNode; property?: string; link?: string } = {}
  ): void {
    const origin = originOf(this._pipeline);
    this.problems.push(
      placed(
        {
          code,
          severity,
          message,
          ...(at.node ? { node: at.node.id, label: at.node.label, at: origin?.nodes.get(at.node.id) } : {}),
          ...(at.property === undefined ? {} : { property: at.property }),
          ...(at.link === undefined ? {} : { link: at.link })
        },
        this._pipeline.file,
        origin?.places
      )
    );
  }

  get failed(): boolean {
    return this.problems.some(problem => problem.severity === 'error');
  }

  report(target: PipelineTarget, services: Map<string, { service: string; target: string }>): PipelineReport {
    return {
      pipeline: this._pipeline.name,
      target,
      nodes: this._pipeline.nodes.map(({ id, label, kind }) => ({
        id,
        label,
        kind,
        ...(services.get(id) ?? {}),
        items: this._items.get(id) ?? []
      })),
      migration: this._pipeline.migration,
      problems: this.problems
    };
  }

  readonly problems: PipelineProblem[] = [];

  private _add(node: IPipelineNode, item: PipelineReportItem): void {
    const items = this._items.get(node.id);
    if (items) {
      items.push(item);
    } else {
      this._items.set(node.id, [item]);
    }
  }

  private readonly _items = new Map<string, PipelineReportItem[]>();
}
