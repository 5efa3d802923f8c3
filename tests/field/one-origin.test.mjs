// The sandbox on one origin: the same walks as where it is deployed.
import { startOneOrigin } from "./lib/one-origin.mjs";
import { walks } from "./walks/all.mjs";

walks("sandbox on one origin", startOneOrigin);
