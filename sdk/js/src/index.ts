/// <reference path="../contract/index.d.ts" />
/**
 * The TypeScript SDK of Yunlong: an app is a hono router, typed collections, and parts that the
 * platform calls. The words are those of the Rust SDK.
 *
 * What is used by its module's name is imported from there, so that a component asks the city for no
 * more than it uses: `import * as identity from "@yunlong/sdk/identity"`, and so `base/population` (and
 * its siblings), `base32`, `clock`, `context`, `files`, `http`, `money`, `payments`, `qr`, `random`, `shared` and `sheet`.
 */

export { now } from "./clock.ts";
export { Collection, type Stored, counter } from "./data/collection.ts";
export { DataError, type DataErrorCode } from "./data/error.ts";
export { Index, type Page, Query, type Scalar } from "./data/query.ts";
export { type Bounds, Tx, transact } from "./data/transact.ts";
export { FileError } from "./file-error.ts";
export { Failure } from "./failure.ts";
export { AttributeError, type Attribute, type Principal } from "./identity.ts";
export { Event, type Notification, type Outgoing, PAYMENTS_TOPIC, notify, publish } from "./messaging.ts";
export { MessagingError } from "./messaging-error.ts";
export { Chart, type ChartProps, type ChartRow } from "./page/chart.tsx";
export { type District, DistrictMap, type DistrictMapProps, type MapClass, type MapColumn, ON_THE_MAP } from "./page/district-map.tsx";
export { Checkbox, ErrorSummary, Field, FileField, Select, TextArea } from "./page/fields.tsx";
export { Layout, type LayoutOptions, type NavItem } from "./page/frame.tsx";
export { Listing, type ListingOptions } from "./page/listing.tsx";
export {
  Amount,
  Badge,
  Card,
  type Column,
  Confirm,
  Empty,
  Hidden,
  Notice,
  Pager,
  Table,
  type Tone,
} from "./page/parts.tsx";
export { PrintButton, PrintView } from "./page/print.tsx";
export { type Figure, Quantity } from "./page/quantity.ts";
export { type Consumer, type Jobs, type Lifecycle, type Migrations, type Progress, progressAfter, resume } from "./parts.ts";
export { PaymentError } from "./payment-error.ts";
export { PaymentOutcome } from "./payment-outcome.ts";
export { type Lang, type Text, same, t } from "./text.ts";
export { App, type AppContext, type AppEnv, type AppOptions } from "./web/app.ts";
export { Form } from "./web/form.ts";
export { type AnswerOf, type Input, type InputOf, type Operation, operation } from "./web/operation.ts";
export { MissingConsent, SignIn } from "./web/outcome.ts";
export { Problem } from "./web/problem.ts";
export { CityRequest } from "./web/request.ts";
export { download } from "./web/response.ts";
export { html, raw } from "hono/html";
export { z } from "zod";
