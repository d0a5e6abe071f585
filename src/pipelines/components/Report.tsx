import * as React from 'react';

import type { PipelineConversion, PipelineReport } from '../../contract';
import { useView } from '../../oscar/components/context';
import { StateIcon } from '../../oscar/components/parts';
import { kindImage } from '../images';
import { ProblemList } from './ProblemList';

type Item = PipelineReport['nodes'][number]['items'][number];

/** What a conversion made of each node, and what it could not say. */
export function Report(props: { result: PipelineConversion }): JSX.Element {
  const { trans } = useView();
  const { files, report } = props.result;
  return (
    <div className="jp-OscarReport">
      {files.length > 0 && <p>{trans._n('%1 file was written.', '%1 files were written.', files.length)}</p>}
      <ProblemList problems={report.problems} onSelect={() => undefined} />
      <table>
        <thead>
          <tr>
            <th>{trans.__('Step')}</th>
            <th>{trans.__('Service')}</th>
            <th>{trans.__('What became of it')}</th>
          </tr>
        </thead>
        <tbody>
          {report.nodes.map(node => {
            const notable = node.items.filter(item => item.outcome !== 'mapped');
            const mapped = node.items.length - notable.length;
            return (
              <tr key={node.id}>
                <td>
                  <img src={kindImage(node.kind)} alt="" width="16" height="16" /> {node.label}
                </td>
                <td>
                  <code>{node.service ?? '–'}</code>
                </td>
                <td>
                  {mapped > 0 && (
                    <div>
                      <StateIcon tone="ok" label={trans.__('Mapped')} />{' '}
                      {trans._n('%1 property as it is', '%1 properties as they are', mapped)}
                    </div>
                  )}
                  {notable.map((item, index) => (
                    <div key={index}>
                      <StateIcon tone={tone(item)} label={outcomeWord(item, trans)} />{' '}
                      <strong>{outcomeWord(item, trans)}</strong> {item.property && <code>{item.property}</code>}{' '}
                      {item.reason}
                    </div>
                  ))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {report.migration.length > 0 && (
        <details>
          <summary>
            {trans._n(
              '%1 change was needed to read the old file',
              '%1 changes were needed to read the old file',
              report.migration.length
            )}
          </summary>
          <ul>
            {report.migration.map((change, index) => (
              <li key={index}>{change}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function tone(item: Item): 'ok' | 'warn' | 'off' | 'bad' {
  return item.outcome === 'refused' ? 'bad' : item.outcome === 'approximated' ? 'warn' : 'off';
}

function outcomeWord(item: Item, trans: ReturnType<typeof useView>['trans']): string {
  switch (item.outcome) {
    case 'approximated':
      return trans.__('Roughly');
    case 'ignored':
      return trans.__('Left out');
    case 'refused':
      return trans.__('Refused');
    default:
      return trans.__('Mapped');
  }
}
