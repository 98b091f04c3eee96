// A little world for test/model.test.mjs: one server, the fake WhatsApp, a few sequences and people.
// Every operation is told to the server and to the model (model.mjs); examine() holds both against
// each other and against the ledger.
import assert from 'node:assert/strict';
import { YEAR, startPair } from './drip.mjs';
import { DAY_MS, dayOneIsNext, isOpen, localDay, localMinute, minuteKey, plannedAt, sortedSteps } from './model.mjs';
import { until } from './process.mjs';
import { Random } from './random.mjs';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const TIMES = ['00:00', '02:30', '07:15', '09:00', '10:00', '12:00', '13:45', '18:30', '21:00', '23:59'];
// Zones whose rules have stood for years: Node.js may know them by older tables than the server.
const ZONES = ['Asia/Kolkata', 'America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'America/St_Johns', 'Pacific/Apia', 'UTC'];
const NAMES = ['Asha', 'João', '李雷', '', "O'Neil", 'Zoë {x}', 'Åsa  Öberg'];
const CITIES = ['Pune', '', 'São Paulo', 'Köln'];
const ENDED = new Set(['sent', 'delivered', 'read', 'failed', 'unknown', 'skipped']);
const SENT = new Set(['sent', 'delivered', 'read']);
const OPEN = new Set(['pending', 'sending', 'in_doubt', 'held']);
const oneLine = (text) => text.trim().replace(/\s+/g, ' ');
const at = (ms) => new Date(ms).toISOString();

class Enrollment {
  constructor(facts) {
    Object.assign(this, { status: 'active', shift: 0, place: -1, paused: null, accepted: new Map(), ended: new Map(), had: new Set(), unsure: false, skips: false, ...facts });
    this.orderMinute = localMinute(this.zone, this.enrolledMs); // another zone later moves the moments, not the order
    this.ahead = new Set(this.sequence.steps.filter((step) => this.pointOf(step) > this.place).map((step) => step.id));
  }
  get zone() {
    return this.contact.zone ?? this.sequence.timezone ?? this.world.timezone;
  }
  get live() {
    return this.status === 'active' || this.status === 'paused';
  }
  pointOf(step) {
    return (step.day * 1440 + minuteKey(this.sequence, this, step)) * 2;
  }
  aheadSteps() {
    return this.sequence.steps.filter((step) => this.ahead.has(step.id)).sort((a, b) => this.pointOf(a) - this.pointOf(b));
  }
}

export class World {
  constructor(seed, options = {}) {
    Object.assign(this, { seed, random: new Random(seed * 1_000_003), history: [], sequences: [], contacts: [], enrollments: [], read: 0, tags: 0, calm: true, // no faults: what was told must come
      ...options });
    this.tagOf = new Map(); // by step id: a step that is removed and brought back has another id and the same tag
    this.fresh = []; // ledger lines that came with the last step
  }

  note(words) {
    this.history.push(`${at(this.now ?? 0)} ${words}`);
    if (process.env.MODEL_TALK) console.log(this.history.at(-1));
  }

  async begin(t) {
    const random = this.random;
    Object.assign(this, await startPair(t, { seed: this.seed, channel: { doubt_policy: 'never' } }));
    this.now = Date.parse(`${YEAR}-03-01T00:00:00Z`) + random.below(35 * 24 * 60) * 60_000 + random.below(60) * SECOND;
    await this.ok('POST', '/api/sandbox/clock', { to: at(this.now) });
    this.timezone = random.pick(ZONES);
    this.quiet = random.chance(30) ? { from: '21:00', to: '08:00' } : null;
    await this.ok('PUT', '/api/settings', { timezone: this.timezone, quiet_hours: this.quiet });
    const count = 1 + random.below(2);
    for (let i = 0; i < count; i++) await this.addSequence();
  }

  async ok(method, path, body, more) {
    const answer = await this.server.api(method, path, body, more);
    assert.ok(answer.status < 300, `${method} ${path} ${JSON.stringify(body)}: ${answer.status} ${answer.text.slice(0, 500)}`);
    return answer.body;
  }

  // ---- documents ----

  newStep(days) {
    const random = this.random;
    return { day: days + random.below(4), time: random.chance(50) ? random.pick(TIMES) : null, tag: ++this.tags, words: 1, missing: random.chance(4) };
  }
  randomSteps() {
    const steps = [];
    let day = 1 + (this.random.chance(20) ? this.random.below(3) : 0);
    for (let i = 1 + this.random.below(6); i > 0; i--) {
      const step = this.newStep(day);
      step.day = Math.min(step.day, 30);
      day = step.day;
      steps.push(step);
    }
    return steps;
  }
  wireSteps(steps) {
    return steps.map((step) => ({
      ...(step.id ? { id: step.id } : {}), day: step.day, time: step.time, type: 'template',
      template: { name: `t${step.tag}_v${step.words}`, language: 'en', body: ['{name}', '{city|your city}', 'day {day}', '{sequence}', ...(step.missing ? ['{doctor}'] : [])] },
    }));
  }
  readSteps(list) {
    return list.map((step) => {
      const [, tag, words] = /^t(\d+)_v(\d+)$/.exec(step.template.name);
      this.tagOf.set(step.id, Number(tag));
      return { id: step.id, day: step.day, time: step.time, tag: Number(tag), words: Number(words), missing: step.template.body.length > 4 };
    });
  }
  readSequence(body) {
    return {
      id: body.id, name: body.name, status: body.status, version: body.version, steps: this.readSteps(body.messages), send_time: body.send_time, window: body.send_window, timezone: body.timezone,
      on_reply: body.on_reply, reenroll: body.reenroll, late: body.late_policy,
    };
  }
  randomWindow() {
    if (!this.random.chance(35)) return null;
    return this.random.pick([
      { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '18:00' }, { days: ['mon', 'wed', 'sat'], from: '08:00', to: '20:30' },
      { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: '16:00', to: '11:00' }, { days: ['sun'], from: '10:00', to: '17:00' },
    ]);
  }
  randomLate() {
    return { action: this.random.pick(['skip', 'skip', 'skip', 'send', 'stop']), max_late: this.random.pick(['3d', '3d', '12h', '7d']) };
  }
  async addSequence() {
    const random = this.random;
    const body = await this.ok('POST', '/api/sequences?force=true', {
      name: `S${this.sequences.length + 1}`, status: random.chance(90) ? 'active' : 'draft', channel_id: this.channel.id, timezone: random.chance(60) ? random.pick(ZONES) : null,
      send_time: random.chance(50) ? random.pick(TIMES) : null, send_window: this.randomWindow(), on_reply: random.pick(['continue', 'continue', 'pause', 'stop']),
      reenroll: random.pick(['never', 'after_completion', 'restart']), late_policy: this.randomLate(), messages: this.wireSteps(this.randomSteps()),
    });
    const sequence = this.readSequence(body);
    sequence.history = [];
    this.sequences.push(sequence);
    this.note(`new ${this.show(sequence)}`);
  }
  show(sequence) {
    const steps = sequence.steps.map((step) => `${step.id} d${step.day} ${step.time ?? '-'} t${step.tag}v${step.words}${step.missing ? '!' : ''}`).join(', ');
    return `${sequence.id} ${sequence.status} zone=${sequence.timezone} send=${sequence.send_time} window=${JSON.stringify(sequence.window)} reply=${sequence.on_reply} reenroll=${sequence.reenroll} late=${JSON.stringify(sequence.late)} [${steps}]`;
  }

  // ---- time ----

  /** Lets the clock come to `to` and reads what the fake WhatsApp got on the way. */
  async moveTo(to) {
    const body = await this.ok('POST', '/api/sandbox/clock', { to: at(to) });
    this.now = Date.parse(body.now);
    this.readLedger();
  }
  async settle() {
    await this.moveTo(this.now + SECOND);
  }
  readLedger() {
    const entries = this.simulator.entries();
    this.fresh = entries.slice(this.read);
    this.read = entries.length;
    for (const entry of this.fresh) this.judge(entry);
  }

  /** One line of the ledger: somebody may have got it, at that moment, in these words. */
  judge(entry) {
    const [template, , , , name] = entry.text.split('|');
    const sequence = this.sequences.find((one) => one.name === name);
    const where = `${entry.phone} ${entry.text} at ${at(entry.at_ms)}`;
    assert.ok(sequence, `nobody's sequence: ${where}`);
    const enrollment = this.enrollments.findLast((one) => one.sequence === sequence && (one.contact.phone === entry.phone));
    assert.ok(enrollment, `nobody's message: ${where}`);
    const tag = Number(/^t(\d+)_/.exec(template)[1]);
    const step = sequence.steps.find((one) => one.tag === tag);
    const who = `${enrollment.id} ${where}`;
    entry.enrollment = enrollment;
    entry.step = step;
    assert.ok(step, `not in the sequence any more: ${who}`);
    assert.ok(!enrollment.accepted.get(tag), `a second time: ${who}`);
    assert.equal(enrollment.status, 'active', `sent although: ${who}`);
    assert.equal(sequence.status, 'active', `the sequence is ${sequence.status}: ${who}`);
    assert.ok(!enrollment.contact.optedOut, `opted out: ${who}`);
    assert.ok(!this.channelPaused, `the channel is paused: ${who}`);
    if (!enrollment.unsure) assert.ok(enrollment.ahead.has(step.id), `lay not ahead: ${who}`);
    assert.ok(isOpen(sequence.window, this.quiet, enrollment.zone, entry.at_ms), `outside the window: ${who}, ${enrollment.zone}`);
    const planned = plannedAt(sequence, enrollment, step);
    assert.ok(entry.at_ms >= planned - SECOND, `before its time ${at(planned)}: ${who}`);
    if (entry.accepted) enrollment.accepted.set(tag, entry.at_ms);
    const { contact } = enrollment;
    const words = [`t${tag}_v${step.words}`, oneLine(contact.name) || 'there', oneLine(contact.city) || 'your city', `day ${step.day}`, sequence.name];
    assert.equal(entry.text, words.join('|'), `wrong words: ${who}`);
  }

  // ---- what the server says ----

  async list(path) {
    const all = [];
    let cursor = '';
    for (let page = 0; page < 50; page++) {
      const body = await this.ok('GET', `${path}${path.includes('?') ? '&' : '?'}limit=500${cursor}`);
      all.push(...body.data);
      if (body.next_cursor === null) return all;
      cursor = `&cursor=${encodeURIComponent(body.next_cursor)}`;
    }
    throw new Error('the list has no end');
  }

  /** Holds everything the server says against the model. */
  async examine() {
    for (const sequence of this.sequences) {
      const inside = this.enrollments.filter((one) => one.sequence === sequence && !one.removed);
      const rows = new Map((await this.list(`/api/sequences/${sequence.id}/enrollments`)).map((row) => [row.id, row]));
      const messages = await this.list(`/api/queue?sequence_id=${sequence.id}&sort=created_at`);
      assert.equal(rows.size, inside.length, `${sequence.id}: people`);
      for (const enrollment of inside) {
        const row = rows.get(enrollment.id);
        assert.ok(row, `${enrollment.id} is there`);
        await this.examineOne(enrollment, row, messages.filter((message) => message.enrollment_id === enrollment.id));
      }
      await this.examineFunnel(sequence, inside, messages);
    }
    await this.examineForecast();
  }

  /** The forecast adds up to what the cards of those who are on the way say. */
  async examineForecast() {
    const way = this.enrollments.filter((one) => !one.removed && one.status === 'active' && one.sequence.status === 'active' && one.explain);
    const due = way.flatMap((one) => one.explain.upcoming.map((next) => Date.parse(next.due_at) - this.now));
    if (due.some((ms) => ms > 88 * DAY_MS && ms < 92 * DAY_MS)) return; // on the edge of what it tells
    const { total } = await this.ok('GET', '/api/stats/forecast?days=90&timezone=UTC');
    assert.equal(total, due.filter((ms) => ms < 90 * DAY_MS).length, 'the forecast and the cards');
  }

  async examineOne(enrollment, row, messages) {
    const { sequence, contact } = enrollment;
    const who = `${enrollment.id} (${contact.phone}, ${enrollment.zone}, enrolled ${at(enrollment.enrolledMs)}, shift ${enrollment.shift})`;
    enrollment.messages = messages;
    for (const message of messages) this.follow(enrollment, message, who);
    const open = messages.find((message) => OPEN.has(message.status));
    if (enrollment.status === 'active' && row.status === 'completed') {
      const left = enrollment.aheadSteps();
      assert.ok(left.length === 0, `${who}: completed, but ahead lie ${left.map((step) => step.id)}`);
      assert.equal(sequence.status, 'active', `${who}: completed in a sequence that is ${sequence.status}`);
      enrollment.status = 'completed';
    }
    if (enrollment.status === 'active' && row.status === 'stopped' && sequence.late.action === 'stop') {
      assert.equal(row.status_reason, 'late', who);
      enrollment.status = 'stopped';
    }
    assert.equal(row.status, enrollment.status, `${who}: status`);
    assert.equal(row.messages_sent - enrollment.sentBefore, [...messages].filter((message) => SENT.has(message.status)).length, `${who}: messages_sent`);
    if (!enrollment.live) {
      assert.equal(row.next_message_due, null, `${who}: nothing is due for ${row.status}`);
      assert.ok(!messages.some((message) => message.status === 'pending'), `${who}: nothing waits for ${row.status}`);
      return;
    }
    const explain = await this.ok('GET', `/api/enrollments/${enrollment.id}/explain`);
    enrollment.explain = explain;
    enrollment.open = open;
    const upcoming = explain.upcoming.map((one) => one.step_id);
    const ahead = enrollment.aheadSteps();
    const wrong = upcoming.filter((id) => !enrollment.ahead.has(id) && open?.step_id !== id);
    if (!enrollment.unsure) assert.deepEqual(wrong, [], `${who}: does not lie ahead, ahead: ${ahead.map((step) => step.id)}`);
    const never = explain.next?.rules.some((rule) => rule.code === 'never_open');
    if (!never && sequence.late.action === 'send' && !enrollment.unsure) {
      assert.deepEqual(ahead.map((step) => step.id).filter((id) => !upcoming.includes(id)), [], `${who}: lies ahead and is not told`);
    }
    if (enrollment.status === 'paused') {
      assert.equal(row.next_message_due, null, `${who}: nothing is due while paused`);
      assert.ok(!messages.some((message) => message.status === 'pending'), `${who}: nothing waits while paused`);
    } else if (sequence.status === 'active') {
      assert.ok(row.next_message_due !== null || open, `${who}: active, and nothing is planned: ${JSON.stringify(explain)}`);
      if (!open && explain.next) assert.equal(row.next_message_due, explain.next.due_at, `${who}: next_message_due and the card differ`);
      if (open?.status === 'pending' && explain.next && open.attempts === 0 && this.calm) assert.equal(row.next_message_due, explain.next.due_at, `${who}: next_message_due and the card differ`);
    }
  }

  /** What became of a message. */
  follow(enrollment, message, who) {
    const { sequence } = enrollment;
    const step = sequence.steps.find((one) => one.id === message.step_id);
    const what = `${who}: ${message.id} ${message.step_id} ${message.status} ${message.reason}`;
    if (!ENDED.has(message.status)) return;
    if (message.status === 'skipped' && message.reason === 'late' && enrollment.ended.get(message.step_id) !== message.id && step) {
      const planned = plannedAt(sequence, enrollment, step);
      const late = { '3d': 3 * DAY_MS, '12h': 12 * HOUR, '7d': 7 * DAY_MS }[sequence.late.max_late];
      assert.ok(enrollment.skips || Math.max(this.now, Date.parse(message.scheduled_for)) - planned > late, `${what}: not late, planned ${at(planned)}`);
    }
    if (this.calm && message.status === 'failed') assert.ok(message.reason === 'missing_field', what);
    if (this.calm) assert.notEqual(message.status, 'unknown', what);
    if (!enrollment.ended.has(message.step_id) && step && message.reason !== 'sent_before') enrollment.place = Math.max(enrollment.place, enrollment.pointOf(step));
    enrollment.ended.set(message.step_id, message.id);
    enrollment.had.add(this.tagOf.get(message.step_id));
    enrollment.ahead.delete(message.step_id);
    if (SENT.has(message.status) && step) assert.ok(enrollment.accepted.has(step.tag), `${what}: the ledger does not have it`);
    if (message.status === 'failed' && step && this.calm) assert.ok(!enrollment.accepted.has(step.tag), `${what}: the ledger has it`);
  }

  async examineFunnel(sequence, inside, messages) {
    const stats = await this.ok('GET', `/api/sequences/${sequence.id}/stats`);
    assert.equal(stats.enrolled_count, inside.length, `${sequence.id}: enrolled`);
    for (const status of ['active', 'paused', 'completed', 'stopped', 'opted_out', 'failed']) {
      assert.equal(stats[`${status}_count`], inside.filter((one) => one.status === status).length, `${sequence.id}: ${status}`);
    }
    for (const { step_id, removed, funnel } of stats.steps) {
      const where = `${sequence.id} ${step_id}: ${JSON.stringify(funnel)}`;
      const sum = funnel.waiting + funnel.queued + funnel.sent + funnel.failed + funnel.skipped + funnel.cancelled + funnel.unknown;
      assert.equal(sum, funnel.total, where);
      const mine = messages.filter((message) => message.step_id === step_id && message.enrollment_id !== null);
      const count = (statuses) => mine.filter((message) => statuses.includes(message.status)).length;
      assert.equal(funnel.queued, count([...OPEN]), `queued: ${where}`);
      assert.equal(funnel.sent, count([...SENT]), `sent: ${where}`);
      assert.equal(funnel.failed, count(['failed']), `failed: ${where}`);
      assert.equal(funnel.unknown, count(['unknown']), `unknown: ${where}`);
      if (removed) continue;
      assert.equal(funnel.total, inside.length, `total: ${where}`);
      const waiting = inside.filter((one) => one.live && one.ahead.has(step_id) && !mine.some((message) => message.enrollment_id === one.id)).length;
      if (!inside.some((one) => one.unsure)) assert.equal(funnel.waiting, waiting, `waiting: ${where}`);
    }
  }

  // ---- a journey, told before ----

  /** Moves the clock and holds what came against what the "why" cards had said. */
  async journey(ms) {
    const from = this.now;
    const to = from + ms;
    const told = this.calm && !this.channelPaused;
    const cards = this.enrollments.filter((one) => !one.removed && one.status === 'active' && one.sequence.status === 'active' && one.explain && (!one.open || (one.open.status === 'pending' && one.open.attempts === 0)));
    const predicted = new Map(cards.map((one) => [one, one.explain.upcoming]));
    await this.moveTo(to);
    if (!told) return;
    for (const [enrollment, upcoming] of predicted) {
      const got = this.fresh.filter((entry) => entry.enrollment === enrollment && entry.accepted);
      for (const [index, next] of upcoming.entries()) {
        const due = Date.parse(next.due_at);
        const step = enrollment.sequence.steps.find((one) => one.id === next.step_id);
        if (due > to - 2 * SECOND || step.missing) break;
        const entry = got[index];
        assert.ok(entry, `${enrollment.id}: ${next.step_id} was told for ${next.due_at} and did not come`);
        assert.equal(entry.step.id, next.step_id, `${enrollment.id}: another step came than was told`);
        assert.ok(Math.abs(entry.at_ms - due) < 2 * SECOND, `${enrollment.id}: ${next.step_id} was told for ${next.due_at} and came ${at(entry.at_ms)}`);
      }
      const failed = upcoming.some((one) => enrollment.sequence.steps.find((step) => step.id === one.step_id)?.missing);
      const late = failed ? [] : got.filter((entry) => !upcoming.some((one) => one.step_id === entry.step.id));
      assert.deepEqual(late.map((entry) => entry.step.id), [], `${enrollment.id}: came and was not told`);
    }
  }

  // ---- people ----

  newPhone() {
    const phone = this.random.chance(50) ? `91987${this.random.digits(7)}` : `1212555${this.random.digits(4)}`;
    return this.contacts.some((one) => one.phone === phone) ? this.newPhone() : phone;
  }
  async enroll() {
    const random = this.random;
    const sequence = random.pick(this.sequences);
    if (sequence.status === 'archived') return this.note('(archived)');
    let contact = random.chance(30) && this.contacts.length > 0 ? random.pick(this.contacts) : null;
    if (contact?.erased) contact = null;
    const known = contact !== null;
    contact ??= { phone: this.newPhone(), name: '', city: '', zone: null };
    const input = { phone: contact.phone };
    if (random.chance(80)) input.name = random.pick(NAMES);
    if (random.chance(50)) input.timezone = random.pick(ZONES);
    if (random.chance(60)) input.custom_fields = { city: random.pick(CITIES) };
    if (random.chance(15)) input.start_day = 1 + random.below(6);
    if (random.chance(15)) input.enrolled_at = at(this.now - random.below(8 * 24) * HOUR + (random.chance(30) ? 3 * DAY_MS : 0));
    const body = await this.ok('POST', `/api/sequences/${sequence.id}/enroll`, input);
    const before = this.enrollments.findLast((one) => one.contact === contact && one.sequence === sequence && !one.removed);
    let verdict = 'enrolled';
    if (contact.optedOut) verdict = 'opted_out';
    else if (before) {
      const restarts = sequence.reenroll === 'restart' || (sequence.reenroll === 'after_completion' && before.status === 'completed');
      verdict = restarts ? 'restarted' : before.live ? 'already_active' : 'already_completed';
    }
    this.note(`enroll ${JSON.stringify(input)} in ${sequence.id}: ${body.verdict} ${body.enrollment_id}`);
    assert.equal(body.verdict, verdict, 'verdict');
    if (!['enrolled', 'restarted'].includes(verdict)) return undefined;
    if (before?.live) before.status = 'stopped';
    if (!known) this.contacts.push(contact);
    if (input.timezone) {
      contact.zone = input.timezone;
      contact.given = true;
    } else if (!contact.given && contact.phone.startsWith('91')) contact.zone = 'Asia/Kolkata';
    if (input.name !== undefined && input.name !== '') contact.name = input.name;
    if (input.custom_fields && input.custom_fields.city !== '') contact.city = input.custom_fields.city;
    const enrollment = new Enrollment({
      id: body.enrollment_id, world: this, sequence, contact, enrolledMs: input.enrolled_at ? Date.parse(input.enrolled_at) : this.now, place: input.start_day > 1 ? input.start_day * 2880 - 1 : -1,
      createdMs: this.now, sentBefore: 0, batch: body.enrollment.batch_id,
    });
    this.enrollments.push(enrollment);
    return enrollment;
  }

  pickEnrollment(statuses) {
    const fit = this.enrollments.filter((one) => !one.removed && statuses.includes(one.status));
    return fit.length > 0 ? this.random.pick(fit) : null;
  }

  endPaused(enrollment, mode) {
    if (mode === 'shift') enrollment.shift += this.resumeShift(enrollment, enrollment.paused.at);
    if (mode === 'skip') {
      for (const step of enrollment.aheadSteps()) {
        if (plannedAt(enrollment.sequence, enrollment, step) >= this.now) break;
        enrollment.ahead.delete(step.id);
        enrollment.place = Math.max(enrollment.place, enrollment.pointOf(step));
      }
      enrollment.skips = true;
    }
    enrollment.paused = null;
    enrollment.stands = enrollment.sequence.status === 'active' ? null : this.now;
    enrollment.status = 'active';
  }
  /** Their clock may stand still already, when the sequence does not run. */
  pauseOne(one, by) {
    const waits = one.sequence.status !== 'active' && one.accepted.size === 0;
    Object.assign(one, { status: 'paused', paused: { at: one.stands ?? (waits ? one.createdMs : this.now), by }, stands: null });
  }
  followSequence(one, mode) {
    if (one.stands) {
      one.paused = { at: one.stands };
      this.endPaused(one, mode);
    } else if (one.accepted.size === 0) one.shift += this.resumeShift(one, one.createdMs);
  }
  /** The clock stood still for whole local days, and one more when the next step's time is over today. */
  resumeShift(enrollment, sinceMs) {
    const [next] = enrollment.aheadSteps();
    if (!next) return 0;
    const days = Math.max(0, localDay(enrollment.zone, this.now) - localDay(enrollment.zone, sinceMs));
    const person = { zone: enrollment.zone, enrolledMs: enrollment.enrolledMs, shift: enrollment.shift + days };
    const atOnce = next.day === 1 && next.time === null;
    return days + (!atOnce && plannedAt(enrollment.sequence, person, next) < this.now ? 1 : 0);
  }

  resumeChoice() {
    return this.random.pick([{ mode: 'shift' }, { mode: 'shift' }, {}, { mode: 'keep_dates' }, { mode: 'keep_dates', overdue: 'skip' }]);
  }
  static modeOf(choice) {
    return choice.mode !== 'keep_dates' ? 'shift' : choice.overdue === 'skip' ? 'skip' : 'keep';
  }

  async pausePerson() {
    const one = this.pickEnrollment(['active']);
    if (!one) return;
    await this.ok('PUT', `/api/enrollments/${one.id}`, { status: 'paused', reason: 'holiday' });
    this.note(`pause ${one.id}`);
    this.pauseOne(one, 'person');
  }
  async resumePerson() {
    const one = this.pickEnrollment(['paused']);
    if (!one) return;
    const choice = this.resumeChoice();
    const told = await this.ok('PUT', `/api/enrollments/${one.id}?dry_run=true`, { status: 'active', ...choice });
    await this.ok('PUT', `/api/enrollments/${one.id}`, { status: 'active', ...choice });
    this.note(`resume ${one.id} ${JSON.stringify(choice)}`);
    this.endPaused(one, World.modeOf(choice));
    if (one.sequence.status === 'active') await this.compareDays(told.per_day, [one], 'resume');
  }
  async stopPerson() {
    const one = this.pickEnrollment(['active', 'paused']);
    if (!one) return;
    await this.ok('PUT', `/api/enrollments/${one.id}`, { status: 'stopped', reason: 'bought' });
    this.note(`stop ${one.id}`);
    one.status = 'stopped';
  }

  /** The days that a dry run told, against the cards after the change; what goes today may have gone. */
  async compareDays(perDay, enrollments, what) {
    const days = new Map();
    const first = Math.floor(this.now / DAY_MS);
    const counts = (day) => Date.parse(day) / DAY_MS > first + 1 && Date.parse(day) / DAY_MS < first + 13;
    for (const one of enrollments) {
      const card = await this.ok('GET', `/api/enrollments/${one.id}/explain`);
      for (const next of card.upcoming) {
        const day = next.local_time.slice(0, 10);
        if (counts(day)) days.set(day, (days.get(day) ?? 0) + 1);
      }
    }
    const told = perDay.filter((one) => counts(one.date));
    assert.deepEqual(told, [...days].sort().map(([date, count]) => ({ date, count })), `${what}: days told and days planned`);
  }

  async bulk() {
    const sequence = this.random.pick(this.sequences);
    const inside = this.enrollments.filter((one) => one.sequence === sequence && !one.removed);
    if (inside.length === 0) return;
    const action = this.random.pick(['pause', 'resume', 'resume', 'stop']);
    if (action === 'stop' && !this.random.chance(20)) return;
    const chosen = this.random.chance(50) ? inside : inside.filter(() => this.random.chance(50));
    if (chosen.length === 0) return;
    const choice = action === 'resume' ? this.resumeChoice() : {};
    const body = { action, ...choice, ...(chosen === inside ? { filter: { sequence_id: sequence.id } } : { ids: chosen.map((one) => one.id) }) };
    const told = await this.ok('POST', '/api/enrollments/bulk-action', { ...body, dry_run: true });
    const done = await this.ok('POST', '/api/enrollments/bulk-action', body);
    this.note(`bulk ${JSON.stringify(body)}`);
    const meant = chosen.filter((one) => (action === 'pause' ? one.status === 'active' : action === 'resume' ? one.status === 'paused' : one.live));
    assert.equal(told.changed, meant.length, `bulk ${action}: told`);
    assert.equal(done.changed, meant.length, `bulk ${action}: done`);
    assert.equal(told.messages_cancelled, done.messages_cancelled, `bulk ${action}: cancelled as told`);
    for (const one of meant) {
      if (action === 'pause') this.pauseOne(one, 'person');
      else if (action === 'resume') this.endPaused(one, World.modeOf(choice));
      else one.status = 'stopped';
    }
    if (action === 'resume' && sequence.status === 'active') await this.compareDays(told.per_day, meant, 'bulk resume');
  }

  async changePerson() {
    const one = this.pickEnrollment(['active', 'paused']);
    if (!one || one.contact.erased) return;
    const { contact } = one;
    const change = {};
    if (this.random.chance(60)) change.name = this.random.pick(NAMES);
    if (this.random.chance(40)) change.custom_fields = { city: this.random.pick(CITIES) };
    if (this.random.chance(40)) change.timezone = this.random.pick(ZONES);
    if (Object.keys(change).length === 0) return;
    const direct = this.random.chance(50);
    await this.ok('PUT', direct ? `/api/contacts/${contact.phone}` : `/api/enrollments/${one.id}`, change);
    this.note(`change ${one.id} ${contact.phone} ${direct ? 'contact' : 'enrollment'} ${JSON.stringify(change)}`);
    if (change.name !== undefined) contact.name = change.name;
    if (change.custom_fields) contact.city = change.custom_fields.city;
    if (change.timezone) Object.assign(contact, { zone: change.timezone, given: true });
  }

  // ---- sequences ----

  pickSequence(statuses) {
    const fit = this.sequences.filter((one) => statuses.includes(one.status));
    return fit.length > 0 ? this.random.pick(fit) : null;
  }
  async pauseSequence() {
    const sequence = this.pickSequence(['active']);
    if (!sequence) return;
    const told = await this.ok('POST', `/api/sequences/${sequence.id}/pause?dry_run=true`);
    const done = await this.ok('POST', `/api/sequences/${sequence.id}/pause`);
    this.note(`pause ${sequence.id}`);
    assert.equal(told.changed, done.changed);
    assert.equal(told.messages_cancelled, done.messages_cancelled, 'cancelled as told');
    sequence.status = 'paused';
    for (const one of this.enrollments) {
      if (one.sequence === sequence && one.status === 'active' && !one.removed) Object.assign(one, { status: 'paused', paused: { at: this.now, by: 'sequence' } });
    }
  }
  async resumeSequence() {
    const sequence = this.pickSequence(['paused', 'draft']);
    if (!sequence) return;
    const choice = sequence.status === 'draft' ? {} : this.resumeChoice();
    const told = await this.ok('POST', `/api/sequences/${sequence.id}/resume?dry_run=true&force=true`, choice);
    await this.ok('POST', `/api/sequences/${sequence.id}/resume?force=true`, choice);
    this.note(`resume ${sequence.id} ${JSON.stringify(choice)}`);
    sequence.status = 'active';
    const inside = this.enrollments.filter((one) => one.sequence === sequence && !one.removed && one.live && (one.status === 'active' || one.paused.by === 'sequence'));
    for (const one of inside) {
      if (one.status === 'paused') this.endPaused(one, World.modeOf(choice));
      else this.followSequence(one, World.modeOf(choice));
    }
    await this.compareDays(told.per_day, inside, 'resume of the sequence');
  }
  async archive() {
    const sequence = this.pickSequence(['active', 'paused']);
    if (!sequence || this.sequences.filter((one) => one.status === 'active').length < 2) return;
    await this.ok('POST', `/api/sequences/${sequence.id}/archive`);
    this.note(`archive ${sequence.id}`);
    sequence.status = 'archived';
    for (const one of this.enrollments) if (one.sequence === sequence && one.live) one.status = 'stopped';
  }
  async clone() {
    const sequence = this.random.pick(this.sequences);
    if (this.sequences.length > 3) return;
    const body = await this.ok('POST', `/api/sequences/${sequence.id}/clone`, { name: `S${this.sequences.length + 1}` });
    const copy = { ...this.readSequence(body), history: [] };
    assert.equal(copy.status, 'draft');
    const strip = (one) => sortedSteps(one).map(({ day, time, tag, words }) => ({ day, time, tag, words }));
    assert.deepEqual(strip(copy), strip(sequence), 'the copy has the same steps');
    this.sequences.push(copy);
    this.note(`clone ${sequence.id}: ${this.show(copy)}`);
  }

  mutate(sequence) {
    const random = this.random;
    const steps = sequence.steps.map((step) => ({ ...step }));
    const change = {};
    for (let i = 1 + random.below(3); i > 0; i--) {
      switch (random.below(8)) {
        case 0: steps.splice(random.below(steps.length + 1), 0, this.newStep(1 + random.below(12))); break;
        case 1: if (steps.length > 1) steps.splice(random.below(steps.length), 1); break;
        case 2: random.pick(steps).day = 1 + random.below(14); break;
        case 3: random.pick(steps).time = random.chance(30) ? null : random.pick(TIMES); break;
        case 4: random.pick(steps).words++; break;
        case 5: change.send_time = random.chance(30) ? null : random.pick(TIMES); break;
        case 6: change.send_window = this.randomWindow(); break;
        default: change.timezone = random.chance(30) ? null : random.pick(ZONES); break;
      }
    }
    steps.sort((a, b) => a.day - b.day); // the place in the list counts only among steps of one day
    return { change, steps };
  }

  async edit() {
    const sequence = this.pickSequence(['active', 'active', 'paused', 'draft']);
    if (!sequence) return;
    const { change, steps } = this.mutate(sequence);
    const backfill = this.random.chance(20);
    const query = backfill ? 'backfill=true' : 'backfill=false';
    const body = { ...change, messages: this.wireSteps(steps) };
    const told = await this.ok('PUT', `/api/sequences/${sequence.id}?dry_run=true&${query}`, body);
    const saved = await this.ok('PUT', `/api/sequences/${sequence.id}?${query}`, body);
    await this.edited(sequence, this.readSequence(saved), backfill, told);
  }
  async restoreVersion() {
    const sequence = this.pickSequence(['active', 'paused']);
    if (!sequence) return;
    const versions = (await this.ok('GET', `/api/sequences/${sequence.id}/versions`)).data.filter((one) => !one.current);
    if (versions.length === 0) return;
    const { version } = this.random.pick(versions);
    const told = await this.ok('POST', `/api/sequences/${sequence.id}/versions/${version}/restore?dry_run=true`);
    const saved = await this.ok('POST', `/api/sequences/${sequence.id}/versions/${version}/restore`);
    this.note(`restore version ${version} of ${sequence.id}`);
    await this.edited(sequence, this.readSequence(saved), false, told);
  }

  async edited(sequence, after, backfill, told) {
    const before = { ...sequence };
    const inside = this.enrollments.filter((one) => one.sequence === sequence && !one.removed && one.live);
    const facts = inside.map((one) => ({
      one, zone: one.zone, next: dayOneIsNext(sequence, one), planned: new Map(sequence.steps.map((step) => [step.id, plannedAt(sequence, one, step)])), ahead: new Set(one.ahead),
    }));
    Object.assign(sequence, after, { history: sequence.history, status: sequence.status });
    this.note(`edit${backfill ? ' backfill' : ''} ${this.show(sequence)}`);
    const counts = { moved_earlier: 0, moved_later: 0, overdue: 0, new: 0, dropped: 0, unchanged: 0 };
    const perStep = new Map(sequence.steps.map((step) => [step.id, 0]));
    for (const { one, next, planned, ahead } of facts) {
      if (one.place >= 0 || one.ended.size > 0) one.shift += Number(next) - Number(dayOneIsNext(sequence, one));
      one.ahead = new Set();
      let place = one.place;
      for (const step of sequence.steps) {
        const was = before.steps.some((other) => other.id === step.id);
        const point = one.pointOf(step);
        if (point === one.place) one.unsure = true;
        if (was ? ahead.has(step.id) && point > one.place : !one.had.has(step.tag) && (point > one.place || backfill)) {
          one.ahead.add(step.id);
          perStep.set(step.id, perStep.get(step.id) + 1);
          if (!was && point <= place) place = point - 1;
          const due = plannedAt(sequence, one, step);
          const old = planned.get(step.id);
          counts[!was ? 'new' : due < this.now && old >= this.now ? 'overdue' : due < old ? 'moved_earlier' : due > old ? 'moved_later' : 'unchanged']++;
        }
      }
      one.place = place;
      counts.dropped += [...ahead].filter((id) => !one.ahead.has(id)).length;
    }
    if (facts.some(({ one }) => one.unsure)) return;
    assert.equal(told.people, inside.length, 'edit: people told');
    assert.deepEqual(told.messages, counts, 'edit: effects told');
  }

  // ---- consent and replies ----

  async optOut() {
    const contact = this.contacts.length > 0 ? this.random.pick(this.contacts) : null;
    if (!contact || contact.erased) return;
    if (contact.optedOut) {
      if (contact.optedOut === 'operator') await this.ok('DELETE', `/api/opt-outs?phone=${contact.phone}&reason=asked`);
      else await this.say(contact, 'START');
      this.note(`opt in ${contact.phone}`);
      contact.optedOut = null;
      return;
    }
    if (this.random.chance(50)) {
      await this.ok('POST', '/api/opt-outs', { phone: contact.phone });
      contact.optedOut = 'operator';
    } else {
      await this.say(contact, 'STOP');
      contact.optedOut = 'word';
    }
    this.note(`opt out ${contact.phone} by ${contact.optedOut}`);
    for (const one of this.enrollments) if (one.contact === contact && one.live) one.status = 'opted_out';
  }
  async say(contact, text) {
    await this.control('reply', { phone: contact.phone, text });
    await this.quietWebhooks();
  }
  async control(what, body, method = 'POST') {
    const headers = { 'dripline-clock': String(this.now) }; // people write at the world's time
    const answer = await fetch(`${this.simulator.base}/control/${what}`, { method, headers, body: JSON.stringify(body) });
    assert.ok(answer.status < 300, `${what}: ${answer.status} ${await answer.text()}`);
  }
  async quietWebhooks() {
    await until(async () => {
      const state = await (await fetch(`${this.simulator.base}/control/state`)).json();
      return state.webhooks.pending === 0;
    }, 'webhooks have come', 60_000, 5);
  }
  async reply() {
    const one = this.pickEnrollment(['active', 'paused', 'completed']);
    if (!one || one.contact.erased) return;
    await this.say(one.contact, 'Thank you very much');
    this.note(`reply of ${one.contact.phone}`);
    for (const other of this.enrollments) {
      if (other.contact !== one.contact || !other.live || other.removed) continue;
      if (other.sequence.on_reply === 'stop') other.status = 'stopped';
      else if (other.sequence.on_reply === 'pause' && other.status === 'active') this.pauseOne(other, 'person');
    }
  }

  /** Somebody moves to another number, and WhatsApp says so. */
  async changeNumber() {
    const known = this.enrollments.filter((one) => one.accepted.size > 0 && !one.contact.erased);
    if (known.length === 0) return;
    const { contact } = this.random.pick(known);
    const before = contact.phone;
    contact.phone = `91986${this.random.digits(7)}`;
    await this.control('change-number', { phone: before, new_phone: contact.phone });
    await this.quietWebhooks();
    this.note(`${before} is ${contact.phone} now`);
    assert.equal((await this.ok('GET', `/api/contacts/${contact.phone}`)).phone, contact.phone);
  }
  async erase() {
    const contact = this.contacts.length > 0 ? this.random.pick(this.contacts) : null;
    if (!contact || contact.erased) return;
    await this.ok('DELETE', `/api/contacts/${contact.phone}`);
    this.note(`erase ${contact.phone}`);
    contact.erased = true;
    for (const one of this.enrollments) if (one.contact === contact && one.live) one.status = 'stopped';
  }

  async changeSettings() {
    if (this.random.chance(30)) {
      this.timezone = this.random.pick(ZONES);
      await this.ok('PUT', '/api/settings', { timezone: this.timezone });
      this.note(`zone of the server ${this.timezone}`);
      return;
    }
    this.quiet = this.random.chance(50) ? null : this.random.pick([{ from: '21:00', to: '08:00' }, { from: '12:30', to: '14:00' }]);
    await this.ok('PUT', '/api/settings', { quiet_hours: this.quiet });
    this.note(`quiet hours ${JSON.stringify(this.quiet)}`);
  }

  async killAndStart() {
    await this.server.kill();
    await this.server.start();
    this.note('kill');
  }

  async step() {
    const roll = this.random.below(100);
    const { random } = this;
    if (roll < 22) await this.enroll();
    else if (roll < 27) await this.pausePerson();
    else if (roll < 33) await this.resumePerson();
    else if (roll < 35) await this.stopPerson();
    else if (roll < 39) await this.bulk();
    else if (roll < 42) await this.pauseSequence();
    else if (roll < 48) await this.resumeSequence();
    else if (roll < 49) await this.archive();
    else if (roll < 50) await this.clone();
    else if (roll < 60) await this.edit();
    else if (roll < 62) await this.restoreVersion();
    else if (roll < 65) await this.optOut();
    else if (roll < 68) await this.reply();
    else if (roll < 70) await this.changeSettings();
    else if (roll < 74) await this.changePerson();
    else if (roll < 76) await this.killAndStart();
    else if (roll < 77) await this.erase();
    else if (roll < 79) await this.changeNumber();
    else {
      const ms = random.pick([0.2, 2, 8, 20, 24, 30, 60, 100, 250]) * HOUR * (1 + random.below(100) / 100);
      await this.journey(Math.round(ms / SECOND) * SECOND);
      this.note(`moved ${Math.round(ms / HOUR)} h, ${this.fresh.length} sent`);
      await this.examine();
      return;
    }
    await this.settle();
    await this.examine();
  }

  async finish() {
    for (const sequence of this.sequences) {
      if (sequence.status === 'paused' || sequence.status === 'draft') {
        await this.ok('POST', `/api/sequences/${sequence.id}/resume?force=true`, {});
        sequence.status = 'active';
        for (const one of this.enrollments.filter((other) => other.sequence === sequence && !other.removed && other.live)) {
          if (one.status === 'paused' && one.paused.by === 'sequence') this.endPaused(one, 'shift');
          else if (one.status === 'active') this.followSequence(one, 'shift');
        }
      }
    }
    for (const one of this.enrollments.filter((other) => other.status === 'paused' && !other.removed)) {
      await this.ok('PUT', `/api/enrollments/${one.id}`, { status: 'active' });
      this.endPaused(one, 'shift');
    }
    this.note('everybody goes on');
    await this.settle();
    await this.examine();
    await this.journey(150 * DAY_MS);
    await this.examine();
    for (const one of this.enrollments.filter((other) => !other.removed)) {
      assert.ok(!one.live, `${one.id} is still ${one.status} at the end`);
      if (one.status === 'completed' && !one.unsure) assert.deepEqual([...one.ahead], [], `${one.id}: completed without these`);
    }
    await this.server.stop();
    const verified = await this.server.verify();
    assert.equal(verified.code, 0, `verify: ${verified.stdout}${verified.stderr}`);
  }
}

/** Runs one seed; an error tells the history. */
export async function runWorld(t, seed, options = {}) {
  const world = new World(seed, options);
  try {
    await world.begin(t);
    const steps = options.steps ?? 40;
    for (let i = 0; i < steps; i++) await world.step();
    await world.finish();
  } catch (error) {
    error.message = `seed ${seed}: ${error.message}\n--- history ---\n${world.history.join('\n')}\n`;
    throw error;
  } finally {
    for (const one of [world.server?.daemon, world.simulator?.daemon]) if (one && !one.exited) await one.stop('SIGKILL');
  }
  return world;
}
