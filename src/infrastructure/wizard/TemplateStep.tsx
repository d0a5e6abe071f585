import * as React from 'react';

import type { ImTemplate, Problem } from '../../contract';
import { useAnswer } from '../../oscar/components/answer';
import { useView } from '../../oscar/components/context';
import { Button, ProblemBox, Skeleton } from '../../oscar/components/parts';
import { ordered } from './state';
import type { IStepProps } from './Wizard';

/** What the cluster is made from: a template of this package, of the catalogue, or the user's own file. */
export function TemplateStep(props: IStepProps & { problem: Problem | undefined }): JSX.Element {
  const { draft, onChange, problem: wrong } = props;
  const { model, trans, chooseFiles } = useView();
  const read = React.useCallback(() => model.client.infrastructures.templates(), [model]);
  const { value, problem, again } = useAnswer(read);
  const [all, setAll] = React.useState(false);
  const items = ordered(value?.items ?? []);
  const first = items.filter(item => item.oscar || item.source === 'package');
  const chosen = draft.file === undefined ? draft.template?.id : undefined;

  // The first is what most want.
  const preset = items[0];
  React.useEffect(() => {
    if (preset && draft.template === undefined && draft.file === undefined) {
      onChange({ template: preset });
    }
  }, [preset, draft.template, draft.file, onChange]);

  const choose = (template: ImTemplate): void =>
    onChange({ template, file: undefined, addons: [], fields: undefined, values: {} });
  const chooseFile = (): void => {
    chooseFiles?.(trans.__('Choose a TOSCA or RADL file')).then(
      paths => {
        if (paths[0] !== undefined) {
          onChange({ file: paths[0], template: undefined, addons: [], fields: undefined, values: {} });
        }
      },
      reason => console.error('No file could be chosen', reason)
    );
  };
  const shown = all || first.length === 0 ? items : first;
  const addons = draft.template?.addons ?? [];
  return (
    <>
      {problem && (
        <ProblemBox problem={problem}>
          <Button onClick={again}>{trans.__('Try again')}</Button>
        </ProblemBox>
      )}
      {!value && !problem && <Skeleton label={trans.__('Loading templates…')} rows={3} />}
      {wrong && <ProblemBox problem={wrong} />}
      <div className="jp-OscarOptions" role="radiogroup" aria-label={trans.__('Template')}>
        {shown.map(item => (
          <label key={item.id} className="jp-OscarOption">
            <input
              type="radio"
              name="oscar-wizard-template"
              checked={chosen === item.id}
              onChange={() => choose(item)}
            />
            <span className="jp-OscarOption-text">
              <span className="jp-OscarOption-title">{item.title}</span>
              {item.source === 'package' && <span className="jp-OscarBadge">{trans.__('built in')}</span>}
              {item.description && <small>{item.description}</small>}
              {item.problems?.map(line => (
                <small key={line} className="jp-OscarFields-fault">
                  {line}
                </small>
              ))}
            </span>
          </label>
        ))}
        {draft.file !== undefined && (
          <label className="jp-OscarOption">
            <input type="radio" name="oscar-wizard-template" checked readOnly />
            <span className="jp-OscarOption-text">
              <span className="jp-OscarOption-title">{draft.file}</span>
              <small>{draft.template?.description ?? trans.__('Your own file')}</small>
            </span>
          </label>
        )}
      </div>
      <div className="jp-OscarButtons">
        {!all && items.length > shown.length && (
          <Button onClick={() => setAll(true)}>
            {trans._n('Show %1 more template', 'Show %1 more templates', items.length - shown.length)}
          </Button>
        )}
        {chooseFiles && <Button onClick={chooseFile}>{trans.__('Your own file…')}</Button>}
      </div>
      {value?.problem && (
        <p className="jp-OscarFields-note">
          {trans.__('The catalogue has more templates, and could not be read: %1', value.problem.detail)}
        </p>
      )}
      {addons.length > 0 && (
        <fieldset className="jp-OscarFieldset">
          <legend>{trans.__('Add-ons')}</legend>
          {addons.map(addon => (
            <label key={addon.id} className="jp-OscarFields-field jp-mod-check">
              <input
                type="checkbox"
                checked={draft.addons.includes(addon.id)}
                onChange={event =>
                  onChange({
                    addons: event.target.checked
                      ? [...draft.addons, addon.id]
                      : draft.addons.filter(id => id !== addon.id)
                  })
                }
              />
              <span>
                {addon.title} {addon.experimental && <span className="jp-OscarBadge">{trans.__('experimental')}</span>}
              </span>
              {addon.experimental && <small className="jp-OscarFields-note">{addon.experimental}</small>}
            </label>
          ))}
        </fieldset>
      )}
    </>
  );
}
