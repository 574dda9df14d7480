// XEP-0050 as modules see it: a command is a node, and a walk over forms. The protocol is modules/adhoc's.
import type { Form, ReceivedForm } from '../protocol/forms.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { IqRequest } from './iq-request.ts';

/** A form that waits to be filled in; the walk goes on with what `submit` returns. */
export interface FormStep {
  readonly form: Form;
  /** Further steps may follow, so that the requester sees "next"; false: this one completes the command. */
  readonly more?: boolean;
  /** @throws StanzaError answered as it is; the step stays where it was */
  submit(form: ReceivedForm, request: IqRequest): Step | Promise<Step>;
}

export interface Note {
  readonly type: 'info' | 'warn' | 'error';
  readonly text: string;
}

/** The end of a command. */
export interface DoneStep {
  readonly done: true;
  /** Complete elements behind the notes: a form of type `result`, for instance. */
  readonly payload?: Bytes;
  readonly note?: Note;
}

export type Step = FormStep | DoneStep;

export interface AdHocCommand {
  /** Unique among all commands of the server. */
  readonly node: string;
  /** What a menu shows. */
  readonly name: string;
  /** Whether this requester sees the command in lists and may execute it. */
  allows(request: IqRequest): boolean;
  /** @throws StanzaError answered as it is */
  begin(request: IqRequest): Step | Promise<Step>;
}
