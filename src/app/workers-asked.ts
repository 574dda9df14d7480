// What a server with workers asks of all of them at once.
import type { Placed, WorkerSample } from '../observability/index.ts';
import { OperatorError } from '../util/errors.ts';
import type { SupervisorControl, SupervisorStatus } from './supervisor/index.ts';

const APPLY_MS = 15_000;
/** A scrape does not wait for a worker that hangs. */
const SAMPLE_MS = 2000;

/**
 * Asks every worker that runs; one that starts meanwhile takes what holds by itself.
 * @throws OperatorError `reload-incomplete` (rejects), or what the worker said where it is the only one
 */
export async function askAll(
  workers: number,
  control: SupervisorControl | undefined,
  verb: string,
  args: unknown,
): Promise<readonly unknown[]> {
  if (control === undefined) return [];
  const answers = await Promise.allSettled(
    slots(workers).map((slot) => control.ask(slot, verb, args, APPLY_MS)),
  );
  const failed = answers.flatMap((answer, slot) =>
    answer.status === 'rejected' ? [{ slot, error: answer.reason as Error }] : [],
  );
  const [first] = failed;
  if (first === undefined) return answers.map((answer) => (answer as { value?: unknown }).value);
  // All failed for one reason (a certificate, say): that is what is to be told.
  if (failed.length === answers.length) throw first.error;
  throw new OperatorError(
    'reload-incomplete',
    failed.map(({ slot, error }) => `worker ${slot.toString()}: ${error.message}`).join('; '),
    'The configuration before is in force again; look at the log and at the worker, and try again.',
    { cause: first.error },
  );
}

/** The figures of each worker: its own, and what its supervisor sees of it. */
export async function workerPlaces(
  workers: number,
  control: SupervisorControl | undefined,
): Promise<readonly Placed[]> {
  if (control === undefined) return [];
  const samples = await Promise.allSettled(
    slots(workers).map((slot) => control.ask(slot, 'metrics', null, SAMPLE_MS)),
  );
  return control.status().workers.map(({ slot, state, restarts, lagMs }): Placed => {
    const answer = samples[slot];
    const sample = (answer?.status === 'fulfilled' ? answer.value : undefined) as
      WorkerSample | null | undefined;
    return {
      worker: slot,
      values: {
        xmppd_worker_up: state === 'ready' ? 1 : 0,
        xmppd_worker_restarts_total: restarts,
        xmppd_event_loop_lag_seconds: lagMs / 1000,
        ...sample?.values,
      },
      counters: sample?.counters ?? [],
    };
  });
}

/** It does its work as long as a worker serves, or one is on its way. */
export function isHealthy({ state, workers }: SupervisorStatus): boolean {
  if (state !== 'running') return true;
  return workers.some((worker) => worker.state === 'ready' || worker.state === 'starting');
}

function slots(workers: number): readonly number[] {
  return Array.from({ length: workers }, (_, slot) => slot);
}
