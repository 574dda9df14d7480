// What a session's worker tells the owner of its account about the state of the session.
import type { SessionRef } from '../account/session-ref.ts';
import type { Bytes } from '../xml/bytes.ts';
import { FRAME, unpackReferences } from './frames.ts';

/** @param field the third one of the frame. @returns false: the frame is of another kind */
export function takeNews(session: SessionRef, kind: string, field: Bytes): boolean {
  switch (kind) {
    case FRAME.acknowledges:
      session.confirms(field);
      return true;
    case FRAME.hibernates:
      session.hibernates = field === '1';
      return true;
    case FRAME.unseen:
      session.unseen = unpackReferences(field);
      return true;
    default:
      return false;
  }
}
