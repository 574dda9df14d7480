// XEP-0050 (1.3.0): ad-hoc commands, at the domain and at the user's own address.
import type { AdHocCommand, DoneStep, FormStep, Step } from '../../host/ad-hoc.ts';
import type { IqRequest, Module, ModuleHost } from '../../host/module.ts';
import { parseForm, renderForm, type ReceivedForm } from '../../protocol/forms.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError, type StanzaCondition } from '../../protocol/stanza-error.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { escapeAttr, escapeText } from '../../xml/writer.ts';
import { commandsDisco } from './commands-disco.ts';
import { Walks, type Walk } from './sessions.ts';

export const adhoc: Module = {
  declaration: {
    name: 'adhoc',
    summary: 'Lets clients list and carry out the commands of other modules.',
    xeps: [
      { spec: 'XEP-0050', version: '1.3.0', status: 'complete' },
      { spec: 'XEP-0004', version: '2.13.2', status: 'complete' },
    ],
    features: { host: [NS.commands], account: [NS.commands] },
    needs: ['disco'],
  },
  setup(host: ModuleHost): void {
    const service = new AdHoc(host);
    host.discoNode(commandsDisco(host));
    host.iq('host', NS.commands, 'command', (request) => service.answer(request));
    host.iq('account', NS.commands, 'command', (request) => {
      // RFC 6121 §8.5.1: what a stranger learns of an account must not differ from what he learns of none.
      if (!request.own) throw request.unknown();
      return service.answer(request);
    });
  },
};

const ACTIONS = ['execute', 'next', 'prev', 'complete', 'cancel'] as const;
type Action = (typeof ACTIONS)[number];

class AdHoc {
  private readonly host: ModuleHost;
  private readonly walks: Walks;

  constructor(host: ModuleHost) {
    this.host = host;
    this.walks = new Walks(host.clock, host.random);
  }

  /** @throws StanzaError */
  answer(request: IqRequest): Bytes | Promise<Bytes> {
    const { attrs } = request.payload as { attrs: Readonly<Record<string, string | undefined>> };
    // XEP-0050 §2.4.1: a command is carried out by a set.
    if (request.type !== 'set') throw new StanzaError('bad-request');
    const { node = '', sessionid } = attrs;
    const command = this.host.adHocCommands().find((each) => each.node === node);
    if (command === undefined) throw new StanzaError('item-not-found');
    // SECURITY: at every step: rights may have been taken back meanwhile.
    if (!command.allows(request)) throw new StanzaError('forbidden', 'cancel');
    const action = actionOf(attrs['action']);
    if (sessionid === undefined) return this.begin(request, command, action);
    return this.goOn(request, command, sessionid, action);
  }

  private begin(request: IqRequest, command: AdHocCommand, action: Action): Bytes | Promise<Bytes> {
    // XEP-0050 §3.3: a walk begins with "execute".
    if (action !== 'execute') throw commandError('bad-request', 'bad-action');
    const { from, to } = request;
    const id = this.walks.newId();
    return then(command.begin(request), (step) => {
      if (!('done' in step)) {
        const walk = { id, from: from.full, bare: from.bare, to: to.full, command, steps: [step] };
        if (!this.walks.add(walk)) {
          throw new StanzaError('resource-constraint', 'wait', 'Too many commands are under way.');
        }
      }
      return stepBytes(command.node, id, step, false);
    });
  }

  private goOn(
    request: IqRequest,
    command: AdHocCommand,
    id: string,
    action: Action,
  ): Bytes | Promise<Bytes> {
    const walk = this.walks.find(id);
    // XEP-0050 §4.4: completed, cancelled, or out of time. A walk of somebody else is told apart from none by nobody.
    if (walk?.from !== request.from.full) throw commandError('not-allowed', 'session-expired');
    if (walk.command !== command || walk.to !== request.to.full)
      throw commandError('bad-request', 'bad-sessionid');
    // Two forms at once for one walk: the first one is worked on.
    if (walk.busy) throw new StanzaError('unexpected-request');
    if (action === 'cancel') {
      this.walks.end(walk);
      return commandBytes(command.node, id, 'canceled', '');
    }
    if (action === 'prev') return this.goBack(walk);
    return this.submit(request, walk, action);
  }

  private goBack(walk: Walk): Bytes {
    // XEP-0050 §3.4: only where <prev/> was offered.
    if (walk.steps.length < 2) throw commandError('bad-request', 'bad-action');
    walk.steps.pop();
    this.walks.touch(walk);
    const step = walk.steps.at(-1) as FormStep;
    return stepBytes(walk.command.node, walk.id, step, walk.steps.length > 1);
  }

  private submit(request: IqRequest, walk: Walk, action: Action): Bytes | Promise<Bytes> {
    const step = walk.steps.at(-1) as FormStep;
    const expected = step.more === true ? 'next' : 'complete';
    // XEP-0050 §3.4: "execute" is what the step said it is.
    if (action !== 'execute' && action !== expected)
      throw commandError('bad-request', 'bad-action');
    const form = submitted(request, step);
    walk.busy = true;
    try {
      return then(
        step.submit(form, request),
        (next) => this.arrived(walk, next),
        () => {
          walk.busy = false;
        },
      );
    } catch (error) {
      walk.busy = false;
      throw error;
    }
  }

  private arrived(walk: Walk, step: Step): Bytes {
    walk.busy = false;
    if ('done' in step) this.walks.end(walk);
    else {
      walk.steps.push(step);
      this.walks.touch(walk);
    }
    return stepBytes(walk.command.node, walk.id, step, walk.steps.length > 1);
  }
}

/** Goes on at once where there is nothing to wait for. */
function then(
  step: Step | Promise<Step>,
  done: (step: Step) => Bytes,
  failed?: () => void,
): Bytes | Promise<Bytes> {
  if (!(step instanceof Promise)) return done(step);
  return step.then(done, (error: unknown) => {
    failed?.();
    throw error;
  });
}

/** @throws StanzaError */
function actionOf(text: string | undefined): Action {
  // XEP-0050 §3.4: left out it means "execute".
  if (text === undefined) return 'execute';
  const action = ACTIONS.find((each) => each === text);
  if (action === undefined) throw commandError('bad-request', 'malformed-action');
  return action;
}

/** The form of a step, filled in. @throws StanzaError bad-payload */
function submitted(request: IqRequest, step: FormStep): ReceivedForm {
  const x = request.payload.getChild('x', NS.dataForms);
  if (x === undefined) throw badPayload('The form is missing.');
  let form: ReceivedForm;
  try {
    form = parseForm(x);
  } catch (error) {
    throw error instanceof StanzaError ? badPayload(error.text ?? '') : error;
  }
  if (form.kind !== 'submit') throw badPayload("The form is not of the type 'submit'.");
  if (form.formType !== undefined && form.formType !== step.form.formType)
    throw badPayload('The form has another FORM_TYPE.');
  for (const { var: name = '', required, label } of step.form.fields) {
    if (required !== true) continue;
    const values = form.values.get(name) ?? [];
    if (values.every((value) => value.trim() === ''))
      throw badPayload(`"${label ?? name}" is required.`);
  }
  return form;
}

function badPayload(text: string): StanzaError {
  return commandError('bad-request', 'bad-payload', text);
}

/** XEP-0050 §4.4: a general condition with one of the commands' own. */
function commandError(condition: StanzaCondition, specific: string, text?: string): StanzaError {
  const application = `<${specific} xmlns='${NS.commands}'/>` as Bytes;
  return new StanzaError(condition, undefined, text, { application });
}

function stepBytes(node: string, id: string, step: Step, canGoBack: boolean): Bytes {
  if ('done' in step) return commandBytes(node, id, 'completed', doneContent(step));
  // XEP-0050 §3.4: the default action is one of those offered.
  const action = step.more === true ? 'next' : 'complete';
  const prev = canGoBack ? '<prev/>' : '';
  const actions = `<actions execute='${action}'>${prev}<${action}/></actions>`;
  return commandBytes(node, id, 'executing', actions + renderForm(step.form));
}

function doneContent({ note, payload }: DoneStep): string {
  const text =
    note === undefined ? '' : `<note type='${note.type}'>${escapeText(note.text)}</note>`;
  return text + (payload ?? '');
}

function commandBytes(node: string, id: string, status: string, content: string): Bytes {
  const head = `<command xmlns='${NS.commands}' node='${escapeAttr(node)}' sessionid='${id}' status='${status}'`;
  return (content === '' ? `${head}/>` : `${head}>${content}</command>`) as Bytes;
}
