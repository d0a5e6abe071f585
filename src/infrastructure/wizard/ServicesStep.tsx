import * as React from 'react';

import { useAnswer } from '../../oscar/components/answer';
import { useView } from '../../oscar/components/context';
import { ProblemBox, Skeleton } from '../../oscar/components/parts';
import { isOscar } from './state';
import type { IStepProps } from './Wizard';

/** What happens when the machines are configured: add it to the clusters, deploy examples on it. */
export function ServicesStep(props: IStepProps): JSX.Element {
  const { draft, onChange } = props;
  const { model, trans } = useView();
  const read = React.useCallback(() => model.client.examples(), [model]);
  const { value, problem } = useAnswer(read);
  if (!isOscar(draft)) {
    return (
      <p className="jp-OscarHint">
        {trans.__('This template makes no OSCAR cluster: there is nothing to deploy on it from here.')}
      </p>
    );
  }
  return (
    <>
      <label className="jp-OscarFields-field jp-mod-check">
        <input
          type="checkbox"
          checked={draft.register}
          onChange={event => onChange({ register: event.target.checked })}
        />
        <span>{trans.__('Add it to the clusters of the OSCAR panel when it answers')}</span>
      </label>
      {draft.register && (
        <div className="jp-OscarFields-field">
          <label htmlFor="oscar-wizard-endpoint">
            {trans.__('Address of its OSCAR, if it is not the one that the template gives')}
          </label>
          <input
            id="oscar-wizard-endpoint"
            type="url"
            autoComplete="off"
            spellCheck={false}
            value={draft.endpoint}
            onChange={event => onChange({ endpoint: event.target.value })}
          />
        </div>
      )}
      <fieldset className="jp-OscarFieldset" disabled={!draft.register}>
        <legend>{trans.__('Deploy on it')}</legend>
        {problem && <ProblemBox problem={problem} />}
        {!value && !problem && <Skeleton label={trans.__('Loading examples…')} rows={2} />}
        {value?.map(example => (
          <label key={example.name} className="jp-OscarFields-field jp-mod-check">
            <input
              type="checkbox"
              checked={draft.deploy.includes(example.name)}
              onChange={event =>
                onChange({
                  deploy: event.target.checked
                    ? [...draft.deploy, example.name]
                    : draft.deploy.filter(name => name !== example.name)
                })
              }
            />
            <span>{example.title}</span>
            <small className="jp-OscarFields-note">{example.description}</small>
          </label>
        ))}
      </fieldset>
    </>
  );
}
