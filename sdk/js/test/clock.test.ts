// Times as the clock in Xuzhou shows them.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as clock from "../src/clock.ts";
import { newCity } from "./lesson.ts";

test("dates are those of the calendar in China", () => {
  assert.equal(clock.date(0), "1970-01-01");
  // 2026-11-22T16:00:00Z is midnight in China.
  assert.equal(clock.rfc3339(1_795_363_200_000), "2026-11-23T00:00:00+08:00");
  assert.equal(clock.minute(1_795_363_199_999), "2026-11-22 23:59");
  assert.equal(clock.startOf("2026-11-23"), 1_795_363_200_000);
  assert.equal(clock.plusDays("2024-02-28", 2), "2024-03-01");
});

test("days that do not exist are refused", () => {
  for (const bad of ["2026-02-29", "2026-13-01", "2026-00-10", "2026-1-01", "0000-01-01", "２026-01-01", "2026-01-01Z"]) {
    assert.equal(clock.startOf(bad), undefined, bad);
  }
  assert.notEqual(clock.startOf("2024-02-29"), undefined);
});

test("an age is full on the birthday", () => {
  assert.equal(clock.yearsUntil("1966-11-23", "2026-11-22"), 59);
  assert.equal(clock.yearsUntil("1966-11-23", "2026-11-23"), 60);
});

test("the clock is the city's", () => {
  const city = newCity();
  assert.equal(clock.minute(clock.now()), "2026-05-01 09:00");
  city.advance(60_000);
  assert.equal(clock.minute(clock.now()), "2026-05-01 09:01");
});
