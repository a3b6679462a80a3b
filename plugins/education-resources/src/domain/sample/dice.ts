/** Numbers that look random and are the same in every run: xorshift32 from a seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    // A state of nothing stays nothing for ever.
    this.#state = (seed * 2_654_435_761) >>> 0 || 1;
    for (let i = 0; i < 4; i++) this.below(2);
  }

  /** A whole number from 0 to `n` − 1. */
  below(n: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state % n;
  }

  /** A whole number from `least` to `most`. */
  from(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** One of a list that is not empty. */
  of<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)];
    if (found === undefined) throw new RangeError("a list of the sample is empty");
    return found;
  }
}
