/** What the log of the configuration says about where it is. */
export interface IProgress {
  /** 0 to 1. */
  progress: number;
  /** Last thing that it said. */
  detail?: string;
  /** Lines that tell of a failure. */
  errors: string[];
}

/** What the server says in this order when all goes well. */
const MARKS = [
  /Select master VM/,
  /Wait master VM to boot/,
  /Wait(ing)? master VM to have the SSH active/,
  /Creating and copying Ansible playbook files/,
  /Galaxy role .* detected setting to install/,
  /Performing preliminary steps to configure Ansible/,
  /Ansible successfully configured in the master VM/,
  /Copying YAML, hosts and inventory files/
];
/** These stages are the first part; the tasks of Ansible are the rest, whose number nobody knows beforehand. */
const STAGES_SHARE = 0.4;
const USUAL_TASKS = 150;
const HEAD = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,\d]*: /;
const LONGEST = 200;

export function readProgress(text: string): IProgress {
  const stage = MARKS.reduce((last, mark, index) => (mark.test(text) ? index + 1 : last), 0);
  const tasks = text.match(/^TASK \[/gm)?.length ?? 0;
  const lines = text
    .split('\n')
    .map(line => line.trim())
    .filter(Boolean);
  const errors = lines.filter(
    (line, index) =>
      /ERROR executing task|^(\d{4}\S* \S+ )?(Contextualization )?Error |Error (waiting|configuring)/i.test(
        line.replace(HEAD, '')
      ) ||
      (/fatal: /.test(line) && !/\.\.\.ignoring/.test(lines[index + 1] ?? ''))
  );
  const said = [...lines].reverse().find(line => HEAD.test(line) || /^TASK \[/.test(line));
  const detail = said
    ?.replace(HEAD, '')
    .replace(/^TASK \[(.*?)\].*/, '$1')
    .slice(0, LONGEST);
  const byTasks = tasks === 0 ? 0 : 1 - USUAL_TASKS / (USUAL_TASKS + tasks);
  return {
    progress: Math.min(0.99, (stage / MARKS.length) * STAGES_SHARE + byTasks * (1 - STAGES_SHARE)),
    ...(detail ? { detail } : {}),
    errors: errors.map(line => line.replace(HEAD, '').slice(0, LONGEST * 2))
  };
}
