// A socket for tests that send bytes which no HTTP client would.
import { once } from 'node:events';
import { connect } from 'node:net';
import { PATIENCE_MS } from './process.mjs';

/** Sends bytes, reads until the other side closes or `waitMs` is over: {text, closed}. */
export async function raw(port, bytes, { waitMs = PATIENCE_MS, until: enough } = {}) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let text = '';
  let closed = false;
  socket.setEncoding('latin1');
  socket.on('error', () => {});
  const done = new Promise((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    const end = () => { clearTimeout(timer); resolve(); };
    socket.on('data', (part) => { text += part; if (enough?.(text)) end(); });
    socket.on('close', () => { closed = true; end(); });
  });
  socket.write(bytes);
  await done;
  socket.destroy();
  return { text, closed };
}

/** Status, header lines by lower-case name, and text behind the head, of one answer read by raw(). */
export function parseAnswer(text) {
  const [head, ...rest] = text.split('\r\n\r\n');
  const [line, ...lines] = head.split('\r\n');
  const headers = new Map(lines.map((one) => [one.slice(0, one.indexOf(':')).toLowerCase(), one.slice(one.indexOf(':') + 1).trim()]));
  return { status: Number(line.split(' ')[1]), headers, body: rest.join('\r\n\r\n') };
}
