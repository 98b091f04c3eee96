// Stands between a browser and the server, and does with the bodies of answers what bad lines do:
// `cut` breaks the connection in the middle of one, `hold` lets the rest of it wait for ever.
import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';
import { atEnd } from './process.mjs';

/** {base, cut(pattern), hold(pattern), met}: `met` counts the answers that were cut or held. */
export async function startProxy(t, base) {
  const { hostname, port } = new URL(base);
  const proxy = { met: 0, rules: [], cut: (path) => proxy.rules.push({ path, cut: true }), hold: (path) => proxy.rules.push({ path, cut: false }) };
  const server = createServer((request, response) => {
    const onward = ask({ hostname, port, method: request.method, path: request.url, headers: request.headers }, (answer) => {
      const at = proxy.rules.findIndex((rule) => rule.path.test(`${request.method} ${request.url}`));
      response.writeHead(answer.statusCode, answer.rawHeaders);
      if (at < 0) return answer.pipe(response);
      const [rule] = proxy.rules.splice(at, 1);
      answer.once('data', (part) => {
        proxy.met++;
        answer.resume();
        response.write(part.subarray(0, part.length >> 1), () => rule.cut && response.socket.destroy());
      });
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.base = `http://127.0.0.1:${server.address().port}`;
  atEnd(t, () => {
    server.closeAllConnections();
    server.close();
  });
  return proxy;
}
