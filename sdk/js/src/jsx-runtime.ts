/**
 * JSX of hono: `"jsxImportSource": "@yunlong/sdk"`. An app takes it from here, so that its pages and
 * the SDK's parts are made by one copy.
 */
export * from "hono/jsx/jsx-runtime";
