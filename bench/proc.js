// CPU and memory of a whole process tree, read from Linux's /proc (proc(5)); workers and the store count as the server.
import { readFileSync, readdirSync } from 'node:fs';

// proc(5): utime and stime are in clock ticks; USER_HZ is 100 on every Linux port that Node runs on.
const TICKS_PER_SECOND = 100;

/**
 * The text of a /proc file, or '' when the process is gone.
 * @param {string} path
 */
function readProc(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/**
 * Fields of /proc/PID/stat from the third (state) on: the command name before them may hold spaces and brackets.
 * @param {number} pid
 * @returns {string[] | undefined}
 */
function statFields(pid) {
  const stat = readProc(`/proc/${pid}/stat`);
  const end = stat.lastIndexOf(')');
  return end < 0 ? undefined : stat.slice(end + 2).split(' ');
}

/**
 * The process and all that descend from it, the process first.
 * @param {number} root
 * @returns {number[]}
 */
export function processTree(root) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statFields(pid)?.[1] ?? Number.NaN);
    const siblings = children.get(parent);
    if (siblings) siblings.push(pid);
    else children.set(parent, [pid]);
  }
  const tree = [root];
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i] ?? -1) ?? []));
  return tree;
}

/**
 * Whether the process still runs; one that only waits for its parent to notice (a zombie) does not.
 * @param {number} pid
 */
export function isRunning(pid) {
  const state = statFields(pid)?.[0];
  return state !== undefined && state !== 'Z';
}

/**
 * CPU seconds the tree has used so far: user and system, all threads, children that have ended included.
 * @param {number} root
 */
export function treeCpuSeconds(root) {
  let ticks = 0;
  for (const pid of processTree(root)) {
    const fields = statFields(pid);
    if (fields) for (let i = 11; i <= 14; i++) ticks += Number(fields[i]);
  }
  return ticks / TICKS_PER_SECOND;
}

/**
 * Resident memory of the tree in KiB. PSS shares out pages that several processes map, so only it may be summed.
 * @param {number} root
 */
export function treeMemoryKib(root) {
  let pss = 0;
  let rss = 0;
  for (const pid of processTree(root)) {
    const rollup = readProc(`/proc/${pid}/smaps_rollup`);
    pss += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
    rss += Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
  }
  return { pss, rss };
}

/** CPU seconds that the whole machine has been busy: what is neither ours nor the server's disturbs a measurement. */
export function machineBusySeconds() {
  const fields = readProc('/proc/stat').slice(0, 200).split(/\s+/).slice(1, 9).map(Number);
  // user, nice, system, irq, softirq; idle (3), iowait (4) and steal (7) are not work of this machine.
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields;
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** CPU seconds of this process, which is the load generator. */
export function ownCpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
