import path from "node:path";

// The tools are installed one folder up, for all sample projects.
const root = path.resolve(import.meta.dirname, "../../..");

export default { turbopack: { root }, outputFileTracingRoot: root };
