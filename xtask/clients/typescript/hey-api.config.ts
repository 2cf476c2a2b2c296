// How hey-api makes its client. Node runs it as it is, so its imports name whole files.

import { defineConfig } from "@hey-api/openapi-ts";

export default defineConfig({
  // Given on the command line.
  input: "",
  output: { path: "hey-api", module: { extension: ".ts" } },
});
