import * as React from 'react';

import type { CloudProvider } from '../../contract';
import { useAction } from '../../oscar/components/answer';
import { useView } from '../../oscar/components/context';
import { Button, ProblemBox } from '../../oscar/components/parts';
import { FormFields } from '../components/FormFields';
import type { FormValues } from '../form';
import { credentialValues, faults, initialValues } from '../form';

/** Asks for the credentials of a cloud. They go to the bridge once; the page forgets them with this form. */
export function CredentialForm(props: {
  providers: readonly CloudProvider[];
  /** Names that are used already. */
  taken: readonly string[];
  cancellable: boolean;
  /** With the id of what was kept, or nothing when it was given up. */
  onDone: (id?: string) => void;
}): JSX.Element {
  const { providers, taken, cancellable, onDone } = props;
  const { model, trans } = useView();
  const [type, setType] = React.useState(providers[0]?.type ?? '');
  const provider = providers.find(item => item.type === type);
  const [values, setValues] = React.useState<FormValues>(() => initialValues(provider?.fields ?? []));
  const [name, setName] = React.useState('');
  const [told, setTold] = React.useState(false);
  const { busy, problem, run } = useAction<void>();
  const fields = provider?.fields ?? [];
  const wrong = faults(fields, values, trans);
  const suggestion = React.useMemo(() => freeName(type, taken), [type, taken]);
  const id = name.trim() || suggestion;

  const save = (event: React.FormEvent): void => {
    event.preventDefault();
    if (Object.keys(wrong).length > 0) {
      setTold(true);
      return;
    }
    run(async () => {
      await model.client.infrastructures.setCredential(id, type, credentialValues(fields, values));
      setValues({});
      onDone(id);
    });
  };
  return (
    <form
      className="jp-OscarCredential"
      aria-label={trans.__('Credentials of a cloud')}
      autoComplete="off"
      noValidate
      onSubmit={save}
    >
      <div className="jp-OscarFields">
        <div className="jp-OscarFields-field">
          <label htmlFor="oscar-credential-type">{trans.__('Kind of cloud')}</label>
          <select
            id="oscar-credential-type"
            value={type}
            onChange={event => {
              setType(event.target.value);
              setTold(false);
              setValues(initialValues(providers.find(item => item.type === event.target.value)?.fields ?? []));
            }}
          >
            {providers.map(item => (
              <option key={item.type} value={item.type}>
                {item.title}
              </option>
            ))}
          </select>
        </div>
        <div className="jp-OscarFields-field">
          <label htmlFor="oscar-credential-name">{trans.__('Name')}</label>
          <input
            id="oscar-credential-name"
            type="text"
            value={name}
            placeholder={suggestion}
            autoComplete="off"
            spellCheck={false}
            onChange={event => setName(event.target.value)}
          />
        </div>
      </div>
      <FormFields
        key={type}
        id="oscar-credential"
        fields={fields}
        values={values}
        faults={wrong}
        told={told}
        onChange={(field, value) => setValues(before => ({ ...before, [field]: value }))}
      />
      {problem && <ProblemBox problem={problem} />}
      <div className="jp-OscarButtons">
        <button type="submit" className="jp-OscarButton jp-mod-accept" disabled={busy}>
          {trans.__('Keep')}
        </button>
        {cancellable && <Button onClick={() => onDone()}>{trans.__('Cancel')}</Button>}
      </div>
    </form>
  );
}

function freeName(type: string, taken: readonly string[]): string {
  const base = type.toLowerCase().replace(/[^a-z0-9]+/g, '-') || 'cloud';
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.includes(name)) {
      return name;
    }
  }
}
