// A mail server under the test's hand: takes mails, or fails in the way that is asked for.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:net';
import { join } from 'node:path';
import { TLSSocket, createServer as createTlsServer } from 'node:tls';
import { atEnd } from './process.mjs';

/** A certificate for localhost that signs itself: {key, cert, file}. */
export function makeCertificate(folder, names = 'DNS:localhost,IP:127.0.0.1') {
  const file = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=test',
    '-addext', `subjectAltName=${names}`, '-keyout', keyFile, '-out', file], { stdio: 'ignore' });
  return { key: readFileSync(keyFile), cert: readFileSync(file), file };
}

/** The parts of a mail: {headers (lower-case names, unfolded, decoded words), body}. */
export function readMail(data) {
  const at = data.indexOf('\r\n\r\n');
  const headers = {};
  for (const line of data.slice(0, at).replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
      .replace(/(=\?UTF-8\?B\?[A-Za-z0-9+/=]*\?=)\s+(?==\?UTF-8\?B\?)/g, '$1')
      .replace(/(?:=\?UTF-8\?B\?[A-Za-z0-9+/=]*\?=)+/g, (words) => Buffer.concat(words.split('=?UTF-8?B?').filter(Boolean).map((word) => Buffer.from(word.slice(0, -2), 'base64'))).toString('utf8'));
  }
  const raw = data.slice(at + 4).replace(/=\r\n/g, '').replace(/\r\n/g, '\n');
  const body = Buffer.from(raw.replace(/=([0-9A-F]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16))), 'latin1').toString('utf8');
  return { headers, body };
}

/**
 * options  certificate + security 'starttls'|'tls', login {user, password}, port
 * server.answer(stage, session) may return another answer than the usual one for the stages greeting, ehlo, mail,
 * rcpt, data, content; 'hang' says nothing, 'drop' closes. What was taken stands in server.mails.
 */
export async function startSmtp(t, options = {}) {
  const server = { mails: [], sessions: 0, lines: [], answer: options.answer ?? (() => undefined), sockets: new Set() };
  const talk = (socket, greet = true) => {
    const session = { from: null, to: [], number: server.sessions, secure: socket.encrypted === true, user: null };
    let rest = '';
    let inData = false;
    const say = (stage, usual) => {
      const answer = server.answer(stage, session) ?? usual;
      if (answer === 'drop') socket.destroy();
      else if (answer !== 'hang') socket.write(`${answer}\r\n`);
      return String(answer).startsWith(usual.slice(0, 1));
    };
    const command = (line) => {
      server.lines.push(line);
      const word = line.slice(0, 4).toUpperCase();
      if (word === 'EHLO' || word === 'HELO') {
        const offers = ['fake', ...(options.certificate && !session.secure ? ['STARTTLS'] : []), ...(options.login ? ['AUTH PLAIN'] : []), '8BITMIME'];
        say('ehlo', offers.map((offer, n) => `250${n + 1 < offers.length ? '-' : ' '}${offer}`).join('\r\n'));
      } else if (word === 'STAR') {
        socket.write('220 go\r\n');
        socket.removeAllListeners('data');
        const secure = new TLSSocket(socket, { isServer: true, key: options.certificate.key, cert: options.certificate.cert });
        secure.on('error', () => {});
        secure.encrypted = true;
        talk(secure, false);
      } else if (line === 'AUTH PLAIN') {
        socket.write('334 \r\n');
        session.asked = true;
      } else if (session.asked) {
        session.asked = false;
        const [, user, password] = Buffer.from(line, 'base64').toString().split('\0');
        const right = options.login && user === options.login.user && password === options.login.password;
        session.user = right ? user : null;
        socket.write(right ? '235 2.7.0 welcome\r\n' : '535 5.7.8 user or password is wrong\r\n');
      } else if (word === 'MAIL') {
        session.from = /<([^>]*)>/.exec(line)[1];
        session.to = [];
        say('mail', '250 sender ok');
      } else if (word === 'RCPT') {
        if (say('rcpt', '250 recipient ok')) session.to.push(/<([^>]*)>/.exec(line)[1]);
      } else if (word === 'DATA') {
        inData = say('data', '354 go on');
      } else if (word === 'QUIT') {
        socket.end('221 bye\r\n');
      } else {
        socket.write('250 ok\r\n');
      }
    };
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      rest += bytes.toString('latin1');
      for (;;) {
        const end = rest.indexOf(inData ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const part = rest.slice(0, end);
        rest = rest.slice(end + (inData ? 5 : 2));
        if (!inData) {
          command(part);
          continue;
        }
        inData = false;
        const data = Buffer.from(part.replace(/(^|\r\n)\./g, '$1'), 'latin1').toString('utf8');
        const before = server.mails.length;
        // A server that drops the line or hangs here has taken the mail all the same.
        const answer = server.answer('content', session) ?? '250 taken';
        if (/^(2|hang|drop)/.test(answer)) server.mails.push({ from: session.from, to: session.to, data, secure: session.secure, user: session.user, number: before, ...readMail(data) });
        if (answer === 'drop') socket.destroy();
        else if (answer !== 'hang') socket.write(`${answer}\r\n`);
      }
    });
    if (greet) {
      server.sessions++;
      server.sockets.add(socket);
      socket.on('close', () => server.sockets.delete(socket));
      say('greeting', '220 fake ready');
    }
  };
  const listener = options.security === 'tls' ? createTlsServer(options.certificate, talk) : createPlainServer(talk);
  listener.on('tlsClientError', () => server.sessions++);
  server.start = async () => {
    listener.listen(options.port ?? server.port ?? 0, '127.0.0.1');
    await once(listener, 'listening');
    server.port = listener.address().port;
  };
  server.stop = async () => {
    for (const socket of server.sockets) socket.destroy();
    if (listener.listening) {
      listener.close();
      await once(listener, 'close');
    }
  };
  atEnd(t, server.stop);
  await server.start();
  return server;
}
