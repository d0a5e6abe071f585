import * as React from 'react';

import type { ImTemplate, Problem } from '../../contract';
import { useAction } from '../../oscar/components/answer';
import { useView } from '../../oscar/components/context';
import { Button, ProblemBox, Skeleton } from '../../oscar/components/parts';
import { Tabs } from '../../oscar/components/Tabs';
import { FormFields } from '../components/FormFields';
import { shownFields } from '../form';
import type { IStepProps } from './Wizard';

/** The inputs of the template, on its tabs; name and image. */
export function SizeStep(
  props: IStepProps & {
    form: ImTemplate | undefined;
    problem: Problem | undefined;
    faults: Readonly<Record<string, string>>;
    told: boolean;
  }
): JSX.Element {
  const { draft, onChange, form, problem, faults, told } = props;
  const { trans } = useView();
  const tabs = (form?.tabs ?? []).filter(tab => shownFields(tab.fields).length > 0);
  const [chosen, setChosen] = React.useState('0');
  const index = Number(chosen) < tabs.length ? Number(chosen) : 0;
  // A tab with something to mend is marked.
  const titles = tabs.map((tab, place): [string, string] => [
    String(place),
    told && tab.fields.some(field => field.name in faults) ? trans.__('%1 (to mend)', tab.title) : tab.title
  ]);
  const ignored = (draft.fields ?? []).filter(field => field.ignored);
  return (
    <>
      <div className="jp-OscarFields">
        <div className="jp-OscarFields-field">
          <label htmlFor="oscar-wizard-name">
            {trans.__('Name')}
            <span aria-hidden="true"> *</span>
          </label>
          <input
            id="oscar-wizard-name"
            type="text"
            maxLength={100}
            required
            autoComplete="off"
            spellCheck={false}
            value={draft.name}
            onChange={event => onChange({ name: event.target.value })}
          />
        </div>
        <Image draft={draft} onChange={onChange} />
      </div>
      {problem && <ProblemBox problem={problem} />}
      {!form && !problem && <Skeleton label={trans.__('Loading the form…')} rows={4} />}
      {titles.length > 1 && (
        <Tabs tabs={titles} value={String(index)} onChange={setChosen} label={trans.__('Parts of the form')} />
      )}
      {tabs[index] && (
        <div role={titles.length > 1 ? 'tabpanel' : undefined} aria-label={tabs[index].title}>
          <FormFields
            id="oscar-wizard"
            fields={tabs[index].fields}
            all={draft.fields}
            values={draft.values}
            faults={faults}
            told={told}
            onChange={(name, value) => onChange({ values: { ...draft.values, [name]: value } })}
          />
        </div>
      )}
      {form && tabs.length === 0 && (
        <p className="jp-OscarHint">{trans.__('This template asks for nothing: it is made as it is.')}</p>
      )}
      {ignored.length > 0 && (
        <details className="jp-OscarDetails">
          <summary>
            {trans._n(
              '%1 input is not asked: the template does nothing with it',
              '%1 inputs are not asked: the template does nothing with them',
              ignored.length
            )}
          </summary>
          <p className="jp-OscarHint">{ignored.map(field => field.title).join(', ')}</p>
        </details>
      )}
    </>
  );
}

/** The image of the machines: typed, or found among those of the cloud. */
function Image(props: IStepProps): JSX.Element {
  const { draft, onChange } = props;
  const { model, trans } = useView();
  const { busy, value, problem, run } = useAction<{ uri: string; name: string }[]>();
  const { credential, image } = draft;
  const find = (): void => {
    if (credential !== undefined) {
      const filter = /:\/\//.test(image) ? undefined : image.trim();
      run(() => model.client.infrastructures.images(credential, filter));
    }
  };
  return (
    <div className="jp-OscarFields-field">
      <label htmlFor="oscar-wizard-image">{trans.__('Image of the machines')}</label>
      <span className="jp-OscarFields-size">
        <input
          id="oscar-wizard-image"
          type="text"
          list="oscar-wizard-images"
          autoComplete="off"
          spellCheck={false}
          value={image}
          placeholder={trans.__('as the template or the cloud has it')}
          onChange={event => onChange({ image: event.target.value })}
        />
        <datalist id="oscar-wizard-images">
          {value?.map(item => (
            <option key={item.uri} value={item.uri}>
              {item.name}
            </option>
          ))}
        </datalist>
        <Button disabled={busy || credential === undefined} onClick={find}>
          {busy ? trans.__('Searching…') : trans.__('Find')}
        </Button>
      </span>
      {value && (
        <small className="jp-OscarFields-note" role="status">
          {trans._n('%1 image: choose it in the field.', '%1 images: choose one in the field.', value.length)}
        </small>
      )}
      {problem && <ProblemBox problem={problem} />}
    </div>
  );
}
