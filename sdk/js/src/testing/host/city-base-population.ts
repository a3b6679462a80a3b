import type * as host from "city:base/population@1.0.0";
import type * as shared from "city:data/shared@1.1.0";
import { Fields } from "../double/records.ts";
import { Dataset } from "../double/shared.ts";

function person(of: shared.Released): host.Person {
  const f = new Fields(of);
  const birth = f.value("birth_date", (v) => (typeof v === "string" || typeof v === "number" ? v : undefined));
  return {
    birthDate: typeof birth === "string" ? birth : undefined,
    age: typeof birth === "number" ? birth : undefined,
    residentId: f.text("resident_id"),
    name: f.text("name"),
    sex: f.text("sex"),
    ethnicity: f.text("ethnicity"),
    division: f.text("division"),
    address: f.text("address"),
    household: f.text("household"),
    relation: f.text("relation"),
    mobile: f.text("mobile"),
    status: f.text("status"),
    standing: f.standing(),
  };
}

const people = (purpose: string) => Dataset.open("population.person", purpose);

export const get: typeof host.get = (purpose, residentId, items) => {
  const found = people(purpose).get(residentId, items, undefined);
  return found && person(found);
};

export const me: typeof host.me = (purpose, items) => {
  const found = people(purpose).me(items);
  return found && person(found);
};

export const getHousehold: typeof host.getHousehold = (purpose, number, items) => {
  const found = Dataset.open("population.household", purpose).get(number, items, undefined);
  if (found === undefined) return undefined;
  const f = new Fields(found);
  return {
    number: f.text("household"),
    head: f.text("head"),
    division: f.text("division"),
    address: f.text("address"),
    size: f.number("size"),
    standing: f.standing(),
  };
};
