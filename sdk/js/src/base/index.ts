/**
 * The five base databases of the city's information hub, typed. Each is a view of datasets of
 * `shared`, and what is said there holds here: grant, role, purpose and consent are checked at each
 * call, and reads of personal data are in the log. Every function throws `SharedError`.
 *
 * Every item of a record is optional. In `standing.released` and absent: not on record. Not in it: not
 * granted. In `standing.present`: on record, and the grant lets no more be told.
 */
export * as credit from "./credit.ts";
export * as economy from "./economy.ts";
export * as geospatial from "./geospatial.ts";
export * as legalEntities from "./legal-entities.ts";
export * as population from "./population.ts";
export type { Page, Standing } from "./common.ts";
