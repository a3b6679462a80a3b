import type * as host from "city:base/legal-entities@1.0.0";
import type * as shared from "city:data/shared@1.1.0";
import { Fields, over } from "../double/records.ts";
import { Dataset } from "../double/shared.ts";

function entity(of: shared.Released): host.Entity {
  const f = new Fields(of);
  return {
    uscc: f.text("uscc"),
    name: f.text("name"),
    kind: f.text("kind"),
    representative: f.text("representative"),
    industry: f.text("industry"),
    division: f.text("division"),
    address: f.text("address"),
    capital: f.whole("capital"),
    founded: f.text("founded"),
    status: f.text("status"),
    standing: f.standing(),
  };
}

const entities = (purpose: string) => Dataset.open("legal-entities.entity", purpose);

export const get: typeof host.get = (purpose, uscc) => {
  const found = entities(purpose).get(uscc, [], undefined);
  return found && entity(found);
};

export const find: typeof host.find = (purpose, which, cursor) => {
  const query =
    which.tag === "named"
      ? over(["name"], [which.val], undefined, cursor)
      : which.tag === "division"
        ? over(["division"], [], which.val, cursor)
        : over(["industry", "division"], [which.val.section], which.val.division, cursor);
  const page = entities(purpose).query(query, []);
  return { entities: page.records.map(entity), next: page.next };
};
