import { LabIcon } from '@jupyterlab/ui-components';

import oscarSvg from '../style/icons/oscar.svg';

/** A function in a cluster's cell: the mark of all OSCAR views. */
export const oscarIcon = new LabIcon({ name: 'jupyterlab-oscar:oscar', svgstr: oscarSvg });
