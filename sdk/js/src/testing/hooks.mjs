// Resolves `city:data/collections@1.1.0` to `host/city-data-collections.ts`, and so on.
const INTERFACE = /^((?:city|wasi):[a-z-]+\/[a-z-]+)@\d+\.\d+\.\d+$/;

export function resolve(specifier, context, next) {
  const name = INTERFACE.exec(specifier)?.[1];
  if (name === undefined) return next(specifier, context);
  const file = new URL(`./host/${name.replace(":", "-").replace("/", "-")}.ts`, import.meta.url);
  return next(file.href, context);
}
