// The store as a process of its own, for tests that start, stop and kill it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { entryUrl } from "../../src/util/entry.js";
/** Resolves when it listens. @throws (rejects) with its log when it ends before */
export async function startStore(path, socket, options = {}) {
    const entry = fileURLToPath(entryUrl('storage/sqlite/store-process'));
    const child = spawn(process.execPath, [
        ...(options.nodeArguments ?? []),
        entry,
        ...['--path', path, '--socket', socket],
        ...(options.storeArguments ?? []),
    ], { stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    child.stderr?.on('data', (chunk) => (log += chunk.toString()));
    const exited = once(child, 'exit').then(([code]) => code);
    const ready = new Promise((resolve) => child.stdout?.once('data', () => resolve()));
    await Promise.race([
        ready,
        exited.then((code) => {
            throw new TypeError(`the store ended with ${code}: ${log}`);
        }),
    ]);
    return {
        pid: child.pid ?? 0,
        log: () => log,
        exited,
        end(signal) {
            child.kill(signal);
            return exited;
        },
    };
}
