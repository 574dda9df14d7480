// xmppd module …, xmppd xeps, xmppd hooks, xmppd restart
import type { Command } from 'commander';
import { addAsked, columns, textOption, wrong, type Given } from './front.ts';
import type { CliSession } from './session.ts';

export function addModules(program: Command, session: CliSession): void {
  addAsked(program, session, 'module list', {
    text: ({ modules }) =>
      columns(modules.map((each) => [each.name, each.running ? 'runs' : 'stopped', each.summary])),
  });
  for (const name of ['module start', 'module stop'] as const) {
    addAsked(program, session, name, {
      usage: '<name>',
      args: ({ args: [module] }) => ({ name: module }),
      text: ({ name: module }) =>
        `${module} ${name === 'module start' ? 'runs' : 'is stopped'}, until the next restart.`,
    });
  }
  addAsked(program, session, 'xeps', {
    text: ({ specifications }) =>
      columns(
        specifications.map((each) => [
          each.spec,
          each.version,
          each.status,
          each.module,
          each.note ?? '',
        ]),
      ),
  });
  addAsked(program, session, 'hooks', {
    options: [['--order', 'with the order of each (they are always listed in it)']],
    text: ({ hooks }, _terminal, { options }) =>
      columns(
        hooks.map(({ hook, order, module, why }) => [
          hook,
          ...(options['order'] === true ? [String(order)] : []),
          module,
          why,
        ]),
      ),
  });
  addAsked(program, session, 'restart', {
    options: [
      ['--in <seconds>', 'when; else at once'],
      ['--announce <text>', 'what those on line are told first'],
    ],
    args: warning,
    text: () => 'The workers are being replaced, one after another.',
  });
}

/** When, and what is said before. @throws OperatorError `command-arguments` */
export function warning(given: Given): { delaySeconds?: number; announcement?: string } {
  const seconds = textOption(given, 'in');
  const announcement = textOption(given, 'announce');
  if (seconds !== undefined && !/^\d{1,5}$/.test(seconds)) {
    throw wrong('--in: expected seconds', 'Write --in 60.');
  }
  return {
    ...(seconds === undefined ? {} : { delaySeconds: Number(seconds) }),
    ...(announcement === undefined ? {} : { announcement }),
  };
}
