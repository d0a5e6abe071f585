import * as React from 'react';

import type { FormField } from '../../contract';
import { useView } from '../../oscar/components/context';
import type { FormValues } from '../form';
import { isEnabled, parseSize, shownFields, SIZE_UNITS } from '../form';

/** An example needs no translation. */
const PORTS = '80, 443, 8080-8085, 53/udp';

interface IFormProps {
  /** Unique in the page. */
  id: string;
  fields: readonly FormField[];
  /** Fields that others may hang on; default: the same. */
  all?: readonly FormField[];
  values: FormValues;
  faults: Readonly<Record<string, string>>;
  /** True: faults are shown before a field was left. */
  told: boolean;
  onChange: (name: string, value: string | boolean) => void;
}

/** Fields of a template or of a cloud's credentials. What hangs on a box that is not ticked cannot be filled in. */
export function FormFields(props: IFormProps): JSX.Element {
  const { id, fields, values, faults, told, onChange } = props;
  const all = props.all ?? fields;
  return (
    <div className="jp-OscarFields">
      {shownFields(fields).map(field => (
        <Field
          key={field.name}
          id={`${id}-${field.name}`}
          field={field}
          value={values[field.name] ?? ''}
          fault={faults[field.name]}
          told={told}
          disabled={!isEnabled(field, all, values)}
          onChange={onChange}
        />
      ))}
    </div>
  );
}

interface IFieldProps {
  id: string;
  field: FormField;
  value: string | boolean;
  fault: string | undefined;
  told: boolean;
  disabled: boolean;
  onChange: (name: string, value: string | boolean) => void;
}

function Field(props: IFieldProps): JSX.Element {
  const { id, field, value, disabled, onChange } = props;
  const { trans } = useView();
  const [left, setLeft] = React.useState(false);
  const fault = !disabled && (left || props.told) ? props.fault : undefined;
  const notes = [
    field.description,
    field.generated ? trans.__('Left empty, a random one is made.') : undefined,
    disabled && field.enabledBy ? trans.__('Only with %1.', field.enabledBy) : undefined
  ].filter(Boolean);
  const about = [notes.length > 0 ? `${id}-note` : '', fault ? `${id}-fault` : ''].filter(Boolean).join(' ');
  const shared = {
    id,
    disabled,
    required: field.required,
    'aria-invalid': fault ? true : undefined,
    'aria-describedby': about || undefined,
    onBlur: () => setLeft(true)
  };
  if (field.type === 'boolean') {
    return (
      <div className="jp-OscarFields-field jp-mod-check">
        <input
          {...shared}
          type="checkbox"
          required={false}
          checked={value === true}
          onChange={event => onChange(field.name, event.target.checked)}
        />
        <label htmlFor={id}>{field.title}</label>
        <Notes id={id} notes={notes} fault={fault} />
      </div>
    );
  }
  return (
    <div className="jp-OscarFields-field">
      <label htmlFor={id}>
        {field.title}
        {field.required && <span aria-hidden="true"> *</span>}
      </label>
      <Control {...shared} field={field} value={String(value)} onText={text => onChange(field.name, text)} />
      <Notes id={id} notes={notes} fault={fault} />
    </div>
  );
}

function Notes(props: { id: string; notes: (string | undefined)[]; fault: string | undefined }): JSX.Element {
  const { id, notes, fault } = props;
  return (
    <>
      {notes.length > 0 && (
        <small id={`${id}-note`} className="jp-OscarFields-note">
          {notes.join(' ')}
        </small>
      )}
      {fault && (
        <small id={`${id}-fault`} className="jp-OscarFields-fault" role="alert">
          {fault}
        </small>
      )}
    </>
  );
}

interface IControlProps extends React.AriaAttributes {
  id: string;
  disabled: boolean;
  required: boolean;
  onBlur: () => void;
  field: FormField;
  value: string;
  onText: (text: string) => void;
}

function Control(props: IControlProps): JSX.Element {
  const { field, value, onText, ...shared } = props;
  const { trans } = useView();
  const change = (event: React.ChangeEvent<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>): void =>
    onText(event.target.value);
  switch (field.type) {
    case 'textarea':
    case 'file':
    case 'list':
    case 'map':
      return (
        <textarea
          {...shared}
          rows={field.type === 'file' ? 5 : 3}
          spellCheck={false}
          value={value}
          placeholder={
            field.type === 'list'
              ? trans.__('one on each line')
              : field.type === 'map'
                ? trans.__('name = value, one on each line')
                : undefined
          }
          onChange={change}
        />
      );
    case 'select': {
      const options = (field.options ?? []).map(String);
      return (
        <select {...shared} value={value} onChange={change}>
          {!options.includes(value) && <option value={value}>{value === '' ? trans.__('Choose…') : value}</option>}
          {options.map(option => (
            <option key={option} value={option}>
              {option}
            </option>
          ))}
        </select>
      );
    }
    case 'integer':
    case 'number':
      return (
        <input
          {...shared}
          type="number"
          min={field.minimum}
          max={field.maximum}
          step={field.type === 'integer' ? 1 : 'any'}
          value={value}
          onChange={change}
        />
      );
    case 'size':
      return <SizeControl {...props} />;
    case 'password':
      return (
        <input
          {...shared}
          type="password"
          autoComplete="new-password"
          spellCheck={false}
          value={value}
          onChange={change}
        />
      );
    default:
      return (
        <input
          {...shared}
          type="text"
          autoComplete="off"
          spellCheck={false}
          value={value}
          placeholder={field.type === 'ports' ? PORTS : undefined}
          onChange={change}
        />
      );
  }
}

/** A number and its unit. What is no size is shown as it is, to be mended. */
function SizeControl(props: IControlProps): JSX.Element {
  const { field, value, onText, ...shared } = props;
  const { trans } = useView();
  const size = parseSize(value);
  const number = size ? size.value : value.replace(/[a-z]+\s*$/i, '').trim();
  const unit = size?.unit ?? /[a-z]+$/i.exec(value)?.[0] ?? SIZE_UNITS[0];
  const units = SIZE_UNITS.includes(unit) ? SIZE_UNITS : [unit, ...SIZE_UNITS];
  const say = (nextNumber: string, nextUnit: string): void =>
    onText(nextNumber === '' ? '' : `${nextNumber} ${nextUnit}`);
  return (
    <span className="jp-OscarFields-size">
      <input
        {...shared}
        type="text"
        inputMode="decimal"
        value={number}
        onChange={event => say(event.target.value.trim(), unit)}
      />
      <select
        aria-label={trans.__('Unit of %1', field.title)}
        disabled={shared.disabled}
        value={unit}
        onChange={event => say(number, event.target.value)}
      >
        {units.map(each => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </span>
  );
}
