import * as React from 'react';

import { useView } from '../../oscar/components/context';
import type { INodeType, IPalette } from '../palette';

/** What can be drawn: drag it onto the canvas, or choose it with Enter or a double click. */
export function PalettePane(props: { palette: IPalette; onAdd: (op: string) => void }): JSX.Element {
  const { trans } = useView();
  const [filter, setFilter] = React.useState('');
  const wanted = filter.trim().toLowerCase();
  const categories = props.palette.categories
    .map(category => ({
      ...category,
      node_types: category.node_types.filter(type => `${type.label} ${type.description}`.toLowerCase().includes(wanted))
    }))
    .filter(category => category.node_types.length > 0);
  return (
    <nav className="jp-OscarPalette" aria-label={trans.__('Palette')}>
      <input
        type="search"
        className="jp-OscarPalette-filter"
        placeholder={trans.__('Find…')}
        aria-label={trans.__('Find in the palette')}
        value={filter}
        onChange={event => setFilter(event.target.value)}
      />
      <div className="jp-OscarPalette-list">
        {categories.map(category => (
          <section key={category.id} aria-label={category.label}>
            <h3>{category.label}</h3>
            {category.node_types.map(type => (
              <Entry key={type.op} type={type} onAdd={props.onAdd} />
            ))}
          </section>
        ))}
        {categories.length === 0 && <p className="jp-OscarHint">{trans.__('Nothing has this name.')}</p>}
      </div>
    </nav>
  );
}

function Entry(props: { type: INodeType; onAdd: (op: string) => void }): JSX.Element {
  const { type, onAdd } = props;
  return (
    <div
      className="jp-OscarPalette-entry"
      role="button"
      tabIndex={0}
      draggable
      title={type.description}
      data-op={type.op}
      onDoubleClick={() => onAdd(type.op)}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          onAdd(type.op);
        }
      }}
      onDragStart={event => {
        // What the canvas takes for a node of its own palette.
        const data = { editType: 'createExternalNode', nodeTemplate: { op: type.op } };
        event.dataTransfer.setData('text', JSON.stringify({ operation: 'addToCanvas', data }));
        event.dataTransfer.effectAllowed = 'copyMove';
      }}
    >
      <img src={type.image} alt="" width="18" height="18" draggable={false} />
      <span>{type.label}</span>
    </div>
  );
}
