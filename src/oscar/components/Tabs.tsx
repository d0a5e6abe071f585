import * as React from 'react';

/** The tabs of a view; the arrow keys move between them. */
export function Tabs<T extends string>(props: {
  tabs: [T, string][];
  value: T;
  onChange: (value: T) => void;
  label: string;
}): JSX.Element {
  const { tabs, value, onChange, label } = props;
  const onKeyDown = (event: React.KeyboardEvent<HTMLElement>): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      const index = tabs.findIndex(([id]) => id === value);
      const next = (index + step + tabs.length) % tabs.length;
      onChange(tabs[next][0]);
      (event.currentTarget.children[next] as HTMLElement).focus();
    }
  };
  return (
    <div className="jp-OscarTabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {tabs.map(([id, text]) => (
        <button
          key={id}
          type="button"
          role="tab"
          aria-selected={id === value}
          tabIndex={id === value ? 0 : -1}
          onClick={() => onChange(id)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
