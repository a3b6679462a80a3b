/** Figures: the number that a chart draws, and what people read. */

/** The most places behind the point. */
const MOST_PLACES = 18;

/**
 * A figure of a chart, a map or a file, exact: `units` of its last place, `scale` places behind the point. Whole numbers may
 * stand for themselves wherever a {@link Figure} is asked for.
 */
export class Quantity {
  private constructor(
    /** The number in units of its last place; `undefined` for what is unknown. */
    readonly units: bigint | undefined,
    readonly scale: number,
    /** What people read. */
    readonly text: string,
  ) {}

  /** A whole number, or one with places behind the point: `decimal(9_797, 2)` is 97.97. At most 18 places. */
  static decimal(units: number | bigint, scale = 0): Quantity {
    if (typeof units === "number" && !Number.isSafeInteger(units)) {
      throw new RangeError(`${units} is no whole number: say how many places stand behind the point, Quantity.decimal(9797, 2)`);
    }
    const [exact, places] = [BigInt(units), Math.min(Math.max(Math.trunc(scale), 0), MOST_PLACES)];
    return new Quantity(exact, places, written(exact, places, true));
  }

  /** An amount of money in fen: it is drawn in yuan, and read as `¥1,080.00`. */
  static fen(fen: number): Quantity {
    const amount = Quantity.decimal(fen, 2);
    return amount.shown(`${fen < 0 ? "-" : ""}¥${written(BigInt(Math.abs(fen)), 2, true)}`);
  }

  /** What is not known, not told or not counted, in words: `—`, `少于 5`. It is not drawn. */
  static unknown(text: string): Quantity {
    return new Quantity(undefined, 0, text);
  }

  /** The quantity of a figure. */
  static of(figure: Figure): Quantity {
    return figure instanceof Quantity ? figure : Quantity.decimal(figure);
  }

  /** Says it in other words, such as with a unit. */
  shown(text: string): Quantity {
    return new Quantity(this.units, this.scale, text);
  }

  /** The number as programs read it, `-1080.00`; `undefined` for what is unknown. */
  get number(): string | undefined {
    return this.units === undefined ? undefined : written(this.units, this.scale, false);
  }

  /** The number in units of a finer scale; `undefined` for what is unknown. */
  at(scale: number): bigint | undefined {
    return this.units === undefined ? undefined : this.units * 10n ** BigInt(scale - this.scale);
  }
}

/** A quantity, or a whole number. */
export type Figure = Quantity | number;

function written(units: bigint, scale: number, grouped: boolean): string {
  const [sign, digits] = units < 0n ? ["-", String(-units)] : ["", String(units)];
  const padded = digits.padStart(scale + 1, "0");
  const [whole, places] = [padded.slice(0, padded.length - scale), padded.slice(padded.length - scale)];
  const said = grouped ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole;
  return `${sign}${said}${places === "" ? "" : `.${places}`}`;
}
