// One gateway that speaks https itself, with subjects that are UUIDs.
import { startDeployed } from "./lib/deployed.mjs";
import { walks } from "./walks/all.mjs";
import { keys, ownOrigin, ownProvider } from "./walks/deployment.mjs";

const odd = (all) => ({
  subject: { ...all.pop(), subject: "no-uuid" },
  withoutNumber: { ...all.pop(), mbi: undefined },
  unknownNumber: { ...all.pop(), mbi: "9ZZ9ZZ9ZZ99" },
});

const start = () => startDeployed({ name: "own-origin", algorithm: "ES256", variables: { idp_subject_form: "uuid" }, odd });

walks("gateway on its own origin", start, { together: [ownOrigin, ownProvider], alone: [keys] });
