// A worker without XMPP: says which process it is, echoes, and misbehaves on demand.
import { connectSupervisor } from '../../dist/app/supervisor/worker-channel.js';
import { OperatorError } from '../../dist/util/errors.js';
import { systemClock, systemTimers } from '../../dist/util/system-clock.js';

const channel = connectSupervisor(process, systemClock, systemTimers);
const failure = process.argv.find((argument) => argument.startsWith('--fail='));
const sockets = new Set();
const members = [];

channel.membership.onChange(({ slot, up }) => members.push(`${slot} ${up ? 'up' : 'down'}`));
channel.onBeat(() => ({ sockets: sockets.size }));
channel.onAsk((verb, args) => {
  if (verb === 'members') return members;
  if (verb === 'fail') throw new OperatorError('fake-code', 'asked to fail', 'do not ask');
  return { verb, args };
});
channel.onConnection((socket, kind) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => undefined);
  socket.write(
    `${JSON.stringify({ slot: channel.slot, pid: process.pid, epoch: channel.epoch, kind })}\n`,
  );
  socket.on('data', (data) => {
    const text = data.toString();
    if (text === 'hang\n') for (;;);
    if (text === 'exit\n') process.exit(7);
    if (text === 'stop\n') void channel.ask('stop');
    if (text === 'status\n') {
      void channel.ask('status').then((status) => socket.write(`${JSON.stringify(status)}\n`));
      return;
    }
    socket.write(data);
  });
  socket.on('end', () => socket.end());
  socket.resume();
});
channel.onStop(async () => {
  if (process.argv.includes('--never-stop')) await new Promise(() => undefined);
  for (const socket of sockets) socket.end('bye\n');
  await new Promise((resolve) => setTimeout(resolve, 20));
});
if (process.argv.includes('--hang-at-start') && channel.slot === 1) {
  // It has beaten by then.
  setTimeout(() => {
    for (;;);
  }, 600);
} else if (failure === undefined) channel.ready();
else channel.fail(new OperatorError(failure.slice('--fail='.length), 'it cannot start', 'mend it'));
