import { check } from "./check.js";

globalThis.result = check();
