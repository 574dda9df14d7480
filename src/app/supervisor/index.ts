// The supervisor's face to the composition root.
export { runSupervisor } from './supervisor.ts';
export { connectSupervisor, isSupervised, type WorkerChannel } from './worker-channel.ts';
export type {
  SupervisorControl,
  SupervisorOptions,
  SupervisorSettings,
  SupervisorStatus,
} from './settings.ts';
