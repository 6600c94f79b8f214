// Composes the subgraphs given as JSON on stdin ([{name, sdl}]) and prints {errors, supergraph}.
import { readFileSync } from "node:fs";
import { parse } from "graphql";
import { composeServices } from "@theguild/federation-composition";

const subgraphs = JSON.parse(readFileSync(0, "utf8"));
const found = composeServices(
  subgraphs.map(({ name, sdl }) => ({ name, typeDefs: parse(sdl), url: `http://${name}.example` })),
);
console.log(
  JSON.stringify({ errors: (found.errors ?? []).map((one) => one.message), supergraph: found.supergraphSdl ?? "" }),
);
