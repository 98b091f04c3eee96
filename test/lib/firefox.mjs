// Debian's Firefox by its own remote control (Marionette: JSON over a socket), without any package.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Daemon, atEnd, eventually, freePort, temporaryFolder, until } from './process.mjs';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** Answers come in the order of the calls' numbers: "<length>:<json>". */
class Marionette {
  constructor(socket) {
    this.socket = socket;
    this.waiting = new Map();
    this.calls = 0;
    let bytes = Buffer.alloc(0);
    socket.on('data', (part) => {
      bytes = Buffer.concat([bytes, part]);
      for (;;) {
        const colon = bytes.indexOf(':');
        const length = colon < 0 ? NaN : Number(bytes.subarray(0, colon));
        if (!(bytes.length >= colon + 1 + length)) return;
        this.#take(JSON.parse(bytes.subarray(colon + 1, colon + 1 + length)));
        bytes = bytes.subarray(colon + 1 + length);
      }
    });
  }
  #take(packet) {
    if (!Array.isArray(packet)) return; // the greeting
    const [, id, error, result] = packet;
    const { resolve, reject } = this.waiting.get(id);
    this.waiting.delete(id);
    if (error) reject(new Error(`${error.error}: ${error.message}`));
    else resolve(result);
  }
  call(name, parameters = {}) {
    const id = ++this.calls;
    const words = JSON.stringify([0, id, name, parameters]);
    this.socket.write(`${Buffer.byteLength(words)}:${words}`);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }
}

/** A page of a fresh Firefox: goto, run (a function in the page), fill, press, click, text. */
export async function startFirefox(t, executable) {
  const profile = temporaryFolder(t);
  const port = await freePort();
  writeFileSync(join(profile, 'user.js'), [`user_pref("marionette.port", ${port});`, 'user_pref("browser.shell.checkDefaultBrowser", false);', 'user_pref("datareporting.policy.dataSubmissionEnabled", false);', 'user_pref("network.captive-portal-service.enabled", false);', 'user_pref("network.connectivity-service.enabled", false);', 'user_pref("app.update.enabled", false);', 'user_pref("intl.locale.requested", "en-US");'].join('\n'));
  const daemon = new Daemon(executable, ['--marionette', '--headless', '--no-remote', '--profile', profile], { env: { HOME: profile } });
  atEnd(t, () => daemon.stop('SIGKILL'));
  const socket = await until(async () => {
    if (daemon.exited) throw new Error(daemon.log);
    const one = connect(port, '127.0.0.1');
    await once(one, 'connect');
    return one;
  }, 'Firefox listens');
  const marionette = new Marionette(socket);
  atEnd(t, () => socket.destroy());
  await marionette.call('WebDriver:NewSession', { capabilities: { alwaysMatch: { acceptInsecureCerts: false } } });
  const run = async (work, ...args) => (await marionette.call('WebDriver:ExecuteScript', { script: `return (${work}).apply(null, arguments)`, args })).value;
  /** The first element in sight that can be used, that the selector finds and that holds the words. */
  const find = (selector, words) => eventually(async () => {
    const found = await run((css, text) => [...document.querySelectorAll(css)].find((one) => one.getClientRects().length > 0 && !one.matches(':disabled') && (!text || one.textContent.includes(text))) ?? null, selector, words ?? null);
    assert.ok(found, `${selector} ${words ?? ''}`);
    return found[ELEMENT];
  });
  return {
    goto: (url) => marionette.call('WebDriver:Navigate', { url }),
    run,
    find,
    click: async (selector, words) => marionette.call('WebDriver:ElementClick', { id: await find(selector, words) }),
    fill: async (selector, value) => marionette.call('WebDriver:ElementSendKeys', { id: await find(selector), text: value }),
  };
}
