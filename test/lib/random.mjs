// A small seeded generator, so that every run of a test sees the same people and the same faults.
export class Random {
  #state;
  constructor(seed) {
    this.#state = BigInt(seed) * 0x9e3779b97f4a7c15n & 0xffffffffffffffffn;
  }
  /** An integer in [0, below). */
  below(below) {
    this.#state = (this.#state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
    let z = this.#state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
    z ^= z >> 31n;
    return Number(z % BigInt(below));
  }
  chance(percent) {
    return this.below(100) < percent;
  }
  pick(list) {
    return list[this.below(list.length)];
  }
  digits(count) {
    let text = '';
    for (let i = 0; i < count; i++) text += this.below(10);
    return text;
  }
}
