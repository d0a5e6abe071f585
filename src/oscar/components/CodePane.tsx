import * as React from 'react';

import { useView } from './context';
import { DrawnText } from './drawn';

/** Text with highlighting, where there are renderers; plain until they are loaded. */
export function CodePane(props: { text: string; language: string }): JSX.Element {
  const { text, language } = props;
  const { renderCode } = useView();
  const draw = React.useMemo(() => renderCode && (() => renderCode(text, language)), [text, language, renderCode]);
  return <DrawnText text={text} draw={draw} />;
}
