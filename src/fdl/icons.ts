import { LabIcon } from '@jupyterlab/ui-components';

import fdlSvg from '../../style/icons/fdl.svg';
import graphSvg from '../../style/icons/fdl-graph.svg';

/** A page that begins with the mark of a function. */
export const fdlIcon = new LabIcon({ name: 'jupyterlab-oscar:fdl', svgstr: fdlSvg });

/** A service between its folders. */
export const graphIcon = new LabIcon({ name: 'jupyterlab-oscar:fdl-graph', svgstr: graphSvg });
